"""What the shell is told: one code for each kind of end."""

from __future__ import annotations

from promptlib import errors

OK = 0
DIFFERENT = 1
USAGE = 2
NOT_FOUND = 3
CONFLICT = 4
DAMAGED = 5

MEANINGS = {
    OK: "all is well",
    DIFFERENT: "there are differences, a search found nothing, or a check failed: an invalid prompt or input, a budget "
    "that is exceeded",
    USAGE: "the command line is wrong: an unknown option, a ref or name outside its grammar",
    NOT_FOUND: "no such store, name, version, label or encoding",
    CONFLICT: "the store holds something newer, somebody is at work in it, or it refuses the write",
    DAMAGED: "what is stored is not what was stored",
}

CODES: dict[type[errors.PromptLibError], int] = {
    errors.PromptLibError: DIFFERENT,
    errors.BadRef: USAGE,
    errors.NotFound: NOT_FOUND,
    errors.InvalidPrompt: DIFFERENT,
    errors.InvalidFile: DIFFERENT,
    errors.InvalidChain: DIFFERENT,
    errors.InputsMismatch: DIFFERENT,
    errors.PairingRefused: DIFFERENT,
    errors.InvalidInputs: DIFFERENT,
    errors.RenderFailed: DIFFERENT,
    errors.ChainFailed: DIFFERENT,
    errors.VaryFailed: DIFFERENT,
    errors.TemplateRejected: DIFFERENT,
    errors.BudgetExceeded: DIFFERENT,
    errors.UnknownEncoding: NOT_FOUND,
    errors.NotInstalled: DIFFERENT,
    errors.SiteRefused: CONFLICT,
    errors.EmbedderFailed: DIFFERENT,
    errors.StoreError: DIFFERENT,
    errors.NotAStore: NOT_FOUND,
    errors.GitFailed: DIFFERENT,
    errors.NotFetched: DIFFERENT,
    errors.RemoteUnreachable: DIFFERENT,
    errors.NotAuthorised: DIFFERENT,
    errors.RemoteRefused: CONFLICT,
    errors.StoreReadOnly: CONFLICT,
    errors.StoreDamaged: DAMAGED,
    errors.NewerFormat: DIFFERENT,
    errors.Busy: CONFLICT,
    errors.SaveRefused: CONFLICT,
    errors.Conflict: CONFLICT,
    errors.Superseded: CONFLICT,
    errors.NumberMoved: CONFLICT,
    errors.HookChangedContent: CONFLICT,
    errors.MergeConflict: CONFLICT,
}


def code_of(error: errors.PromptLibError) -> int:
    """Return the exit code that *error* ends a command with."""
    return next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)
