"""YAML files with something wrong in them: in their content, in their YAML, in their bytes."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import strategies as st

from leadgen_tests.fuzz.hostile import mangled, mutated

TRICKS: tuple[str, ...] = (

    "a: &a [x]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d]\n",
    "a: &a {<<: *a}\n", "a: &a [*a]\n", "<<: [1]\n", "<<: {a: 1}\n", "name: x\nname: y\n", "a:\n\t- b\n",
    "? [a, b]\n: c\n", "? {a: b}\n: c\n", "a: 2020-13-45\n", "a: 2020-01-01T99:99:99Z\n",
    "a: 0001-01-01T00:00:00+23:59\n", "a: 1:99999999999999999999\n", "a: 0b\n", "a: 0x\n", "a: " + "9" * 5000,
    "a: !!int x\n", "a: !!float x\n", "a: !!binary '%'\n", "a: !!python/object/apply:os.system [ls]\n",
    "a: !!set [1]\n", "a: !!omap x\n", "a: !!pairs x\n", "a: !!timestamp x\n", "a: !unknown x\n", "a: !!bool maybe\n",
    "%YAML 9.9\n---\na: 1\n", "--- a\n--- b\n", "a: 'unfinished\n", "a: \"\\ud800\"\n", "a: \"\\x00\"\n",
    "a: \u0007\n", "[" * 5000, "{a: " * 3000, "- " * 5000, "&a " * 50, "*nobody\n", "", "\n", "null", "[]", "5",
    "text", "a", ": : :", "!!str", "\ufeffa: 1\n", "a: .inf\n", "a: .nan\n", "a: 1e400\n", "a: ~\n",
)  # fmt: skip


def files_like(content: Any) -> st.SearchStrategy[bytes]:
    """Bytes of a file that should have held something of that shape."""
    good = _dumped(content)
    return st.one_of(
        mutated(content).map(_dumped),
        mutated(content).map(_dumped),
        mangled(good),
        st.sampled_from(TRICKS).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.sampled_from(TRICKS).map(lambda text: good + text.encode("utf-8", "surrogatepass")),
    )


def _dumped(content: Any) -> bytes:
    text: str = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    return text.encode("utf-8", "surrogatepass")
