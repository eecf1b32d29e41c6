"""A repository that names a program wherever git may look for one, and what tells whether anything of it ran."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HOOKS = (
    *("applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit", "prepare-commit-msg"),
    *("commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push", "pre-receive", "update"),
    *("proc-receive", "post-receive", "post-update", "reference-transaction", "push-to-checkout", "pre-auto-gc"),
    *("post-rewrite", "sendemail-validate", "fsmonitor-watchman", "post-index-change"),
    *("p4-changelist", "p4-prepare-changelist", "p4-post-changelist", "p4-pre-submit"),
)
#: Settings that hold a command line.
COMMANDS = (
    *("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "core.gitProxy"),
    *("core.alternateRefsCommand", "sequence.editor", "credential.helper", "gpg.program", "gpg.ssh.program"),
    *("gpg.x509.program", "gpg.ssh.defaultKeyCommand", "interactive.diffFilter", "uploadpack.packObjectsHook"),
    *("diff.external", "diff.evil.command", "diff.evil.textconv", "merge.evil.driver", "merge.tool", "diff.tool"),
    *("mergetool.evil.cmd", "difftool.evil.cmd", "browser.evil.cmd", "man.evil.cmd", "trailer.evil.command"),
    *("trailer.evil.cmd", "filter.evil.clean", "filter.evil.smudge", "filter.spoken.process", "web.browser"),
    *("pager.log", "pager.cat-file", "pager.fsck", "pager.for-each-ref", "pager.rev-parse", "pager.diff", "pager.show"),
    *("remote.packed.uploadpack", "remote.packed.receivepack", "submodule.evil.update", "sendemail.smtpserver"),
    *("imap.tunnel", "guitool.evil.cmd", "instaweb.httpd", "help.browser", "init.templateDir", "gc.recentObjectsHook"),
    *("alias.log", "alias.cat-file", "alias.update-ref", "alias.fsck", "alias.commit", "alias.var", "alias.evil"),
)
#: Variables that hold one.
VARIABLES = (
    *("GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_EDITOR", "GIT_SEQUENCE_EDITOR", "GIT_SSH", "GIT_SSH_COMMAND"),
    *("GIT_ASKPASS", "SSH_ASKPASS", "GIT_PROXY_COMMAND", "GIT_MERGE_AUTOEDIT", "GIT_CONFIG_PARAMETERS"),
)
ATTRIBUTES = "* filter=evil diff=evil merge=evil\n*.label filter=spoken\n"
#: What makes git reach for them.
LOUD = {
    **dict.fromkeys(("log.showSignature", "commit.gpgSign", "maintenance.auto", "core.untrackedCache"), "true"),
    **dict.fromkeys(("protocol.allow", "protocol.ext.allow"), "always"),
    "gc.auto": "1",
    "gc.autoDetach": "false",
    "fetch.recurseSubmodules": "true",
}
FAR = frozenset({"core.sshCommand", "core.gitProxy", "remote.ext", "remote.packed.uploadpack"})


@dataclass(frozen=True)
class Canaries:
    """Programs that each leave a mark of their own name when anything starts them."""

    folder: Path

    def program(self, name: str) -> Path:
        """Return a program that marks *name* and passes its input on."""
        self.marks.mkdir(parents=True, exist_ok=True)
        path = self.folder / name
        if not path.exists():
            # What stands for another machine hangs up: git would wait for it to speak first.
            end = "exit 1" if name in FAR else "exec cat"
            path.write_text(f"#!/bin/sh\n: > '{self.marks / name}'\n{end}\n")
            path.chmod(0o755)
        return path

    @property
    def marks(self) -> Path:
        """The folder of the marks."""
        return self.folder / "sang"

    def sang(self) -> set[str]:
        """Return the names of all that ran, and forget them."""
        found = {path.name for path in self.marks.iterdir()}
        for name in found:
            (self.marks / name).unlink()
        return found

    def arm(self, git_dir: Path, *, hooks: Path, through: Path | None = None) -> None:
        """Name a program in *git_dir* for every purpose; settings stand in *through* where it is given.

        *hooks* is the folder of the hooks: that of the repository, or another, which a setting then names.
        """
        hooks.mkdir(exist_ok=True)
        for name in HOOKS:
            shutil.copy(self.program(f"hook.{name}"), hooks / name)
        settings = {name: str(self.program(name)) for name in COMMANDS}
        settings |= {name: f"!{settings[name]}" for name in COMMANDS if name.startswith(("alias.", "submodule."))}
        settings["url.ext::evil.insteadOf"] = "https://"
        if hooks.parent != git_dir:
            settings["core.hooksPath"] = str(hooks)
        configure(through or git_dir / "config", settings)
        if through:
            configure(git_dir / "config", {"include.path": str(through)})
        configure(git_dir / "config", self._promises() | LOUD)
        (git_dir / "info").mkdir(exist_ok=True)
        (git_dir / "info/attributes").write_text(ATTRIBUTES)

    def _promises(self) -> dict[str, str]:
        """Remotes that promise every missing object, each of which is asked through a program."""
        remotes = {
            "ext": f"ext::{self.program('remote.ext')} %S",
            "ssh": "ssh://localhost/nowhere",
            "packed": str(self.folder),
            "proxied": "git://localhost/nowhere",
        }
        settings = {f"remote.{name}.url": url for name, url in remotes.items()}
        settings |= {f"remote.{name}.promisor": "true" for name in remotes}
        return settings | {"extensions.partialClone": "ext", "core.repositoryFormatVersion": "1"}

    def inherited(self) -> Mapping[str, str]:
        """Return variables of git that start a program, or write where nobody asked."""
        path = self.folder / "inherited.config"
        fsmonitor = str(self.program("inherited.fsmonitor"))
        configure(path, {"core.fsmonitor": fsmonitor, "core.hooksPath": str(self.folder)})
        return {
            **{name: str(self.program(name)) for name in VARIABLES},
            "GIT_CONFIG_GLOBAL": str(path),
            "GIT_CONFIG_SYSTEM": str(path),
            "GIT_CONFIG": str(path),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "core.fsmonitor",
            "GIT_CONFIG_VALUE_0": str(self.program("counted.fsmonitor")),
            "GIT_CONFIG_PARAMETERS": f"'core.fsmonitor={self.program('given.fsmonitor')}'",
            "GIT_EXEC_PATH": str(self.folder),
            "GIT_TEMPLATE_DIR": str(self.folder),
            "GIT_TRACE": str(self.marks / "trace"),
            "GIT_TRACE2_EVENT": str(self.marks / "trace2"),
            "GIT_TRACE_SETUP": str(self.marks / "setup"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(self.folder),
            "GIT_NO_LAZY_FETCH": "0",
            "GIT_ALLOW_PROTOCOL": "ext:file:ssh:git",
            "GIT_OPTIONAL_LOCKS": "1",
        }


def configure(config: Path, settings: Mapping[str, str]) -> None:
    """Add *settings* to a file of git's."""
    with config.open("a", encoding="utf-8") as file:
        for key, value in settings.items():
            section, _, name = key.rpartition(".")
            head, dot, below = section.partition(".")
            spelt = value.replace("\\", "\\\\").replace('"', '\\"')
            file.write(f'[{head} "{below}"]\n' if dot else f"[{head}]\n")
            file.write(f'\t{name} = "{spelt}"\n')


def write_object(repository: Path, kind: str, body: bytes) -> str:
    """Store *body* as it is, whatever git thinks of it, and return its id."""
    command = ["git", "hash-object", "-w", "-t", kind, "--literally", "--stdin"]
    done = subprocess.run(command, input=body, cwd=repository, capture_output=True, check=True)
    return done.stdout.decode().strip()


def entry(mode: str, name: str | bytes, object_id: str) -> bytes:
    """Return one row of a folder."""
    spelt = name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")
    return mode.encode() + b" " + spelt + b"\0" + bytes.fromhex(object_id)


def write_tree(repository: Path, *rows: bytes) -> str:
    """Store a folder of exactly these rows."""
    return write_object(repository, "tree", b"".join(rows))


def write_commit(
    repository: Path,
    tree: str,
    *parents: str,
    people: bytes = b"author A <a> 1 +0000\ncommitter A <a> 1 +0000\n",
    more: bytes = b"",
    message: bytes = b"m\n",
) -> str:
    """Store a commit, and let main point to it."""
    above = b"".join(b"parent %s\n" % parent.encode() for parent in parents)
    commit = write_object(repository, "commit", b"tree %s\n%s%s%s\n%s" % (tree.encode(), above, people, more, message))
    (git_dir_of(repository) / "refs/heads/main").write_text(f"{commit}\n")
    return commit


def git_dir_of(folder: Path) -> Path:
    """Return where the refs of *folder* lie."""
    return folder / ".git" if (folder / ".git").is_dir() else folder


def snapshot(folder: Path) -> dict[str, tuple[int, int, str, bytes]]:
    """Return kind and rights, size, target and content of all below *folder* but promptlib's own in a git folder."""
    found = {}
    for top, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not (name == "promptlib" and (Path(top) / "HEAD").exists())]
        for name in (*folders, *files):
            path = Path(top) / name
            state = path.lstat()
            target = str(path.readlink()) if path.is_symlink() else ""
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            found[str(path.relative_to(folder))] = state.st_mode, len(content), target, content
    return found
