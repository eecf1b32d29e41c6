"""A prompt in a notebook: written, rendered in a budget, compared, traced back. `marimo edit examples/notebook.py`."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="A prompt in a notebook")


with app.setup:
    from tempfile import mkdtemp
    from typing import Annotated, Literal

    import marimo as mo
    from pydantic import BaseModel, Field

    from promptlib import Budget, Prompt, Store, Thread, assistant, placeholder, system, user
    from promptlib.demo.model import answer as made_up_answer
    from promptlib.fairness import Demographic, VariantSet, vary


@app.cell(hide_code=True)
def _():
    mo.md("""
    # A prompt in a notebook

    Nothing here talks to a model: what is sent, what it costs and what a change means is known before. The store lies
    in a temporary folder; `Store.open()` is that of your repository.
    """)
    return


@app.cell
def _():
    class Ticket(BaseModel):
        """What the prompt is given."""

        ticket: str = Field(description="What the customer wrote")
        tone: Literal["warm", "plain"] = Field("plain", description="How the answer sounds")
        history: Thread = Field((), description="What was said before, oldest first")

    store = Store.init(f"{mkdtemp()}/prompts.git", bare=True)
    triage = Prompt.define(
        Ticket,
        system("You answer customers of an online shop. Answer in a {{ tone }} voice."),
        placeholder("history", priority=10),
        user("{{ ticket }}"),
        description="Answer a support ticket",
    )
    first = store.save("support/triage", triage, message="First cut")
    _ = store.label("support/triage", "production", first)  # the last value of a cell is shown
    return Ticket, first, store


@app.cell
def _(first, store):
    store.load(first.ref)
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Render it in a budget

    Move the slider: the oldest messages go first, and the account says which.
    """)
    return


@app.cell
def _():
    limit = mo.ui.slider(start=60, stop=400, step=10, value=180, label="tokens", show_value=True)
    tone = mo.ui.radio(["warm", "plain"], value="warm", label="tone")
    mo.hstack([limit, tone], justify="start", gap=3)
    return limit, tone


@app.cell
def _(Ticket, first, limit, store, tone):
    turns = [
        message
        for number in range(1, 11)
        for message in (user(f"Question {number}: where is it now?"), assistant(f"Answer {number}: in the next town."))
    ]
    answer = store.load(first.ref, inputs=Ticket).render(
        Ticket(ticket="My parcel is late.", tone=tone.value, history=turns), budget=Budget(limit.value)
    )
    answer
    return (answer,)


@app.cell
def _(answer):
    answer.explain()
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Change it, and see what that means
    """)
    return


@app.cell
def _(first, store):
    _prompt = store.load(first.ref)
    _words = system(f"{_prompt.messages[0].text} Ask for the order number when it is missing.")
    _changed = _prompt.evolve(messages=(_words, *_prompt.messages[1:]))
    second = store.save("support/triage", _changed, message="Ask for the number")
    store.diff(first.ref, second.ref)
    return (second,)


@app.cell
def _(second, store):
    _rows = [
        {"version": f"v{each.number}", "digest": each.short, "why": each.message.strip(), "live": " ".join(each.labels)}
        for each in store.history(second.name)
    ]
    mo.ui.table(_rows, selection=None)
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Where it comes from, and what came of it
    """)
    return


@app.cell
def _(second, store):
    _derived = store.load(second.ref).derive(description="Answer a question before the purchase")
    store.save("sales/reply", _derived, message="From the support answer")
    store.lineage("sales/reply")
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Whether it treats people alike

    The same complaint under the names of two groups, and one group twice as the yardstick. The model is made up, and
    takes something off for some names on purpose; put yours in its place.
    """)
    return


@app.cell
def _():
    class Complaint(BaseModel):
        """What a discount is suggested for."""

        name: Annotated[str, Demographic("gender", "name")]
        complaint: str

    class Discount(BaseModel):
        """What is suggested."""

        percent: int

    goodwill = Prompt.define(
        Complaint,
        system("Suggest a discount in percent."),
        user('{{ name | delimited("name") }}\n{{ complaint | delimited("complaint") }}'),
        outputs=Discount,
    )
    vary(
        goodwill,
        [{"complaint": "The lamp arrived broken."}, {"complaint": "Nobody answers."}],
        variants=VariantSet.shipped("gender"),
        model=made_up_answer,
        model_id="made-up",
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Find it again
    """)
    return


@app.cell
def _(second, store):
    _ = second  # both are saved by then
    store.search("answer someone who bought something")
    return


if __name__ == "__main__":
    app.run()
