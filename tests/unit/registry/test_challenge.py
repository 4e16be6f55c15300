"""What is read of WWW-Authenticate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_image_pull_secrets.registry.challenge import Basic, Bearer, Challenge, parse

HUB = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:acme/web:pull"'


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], []),
        ([""], []),
        (['Basic realm="sandbox"'], [Basic()]),
        (["basic"], [Basic()]),
        (["BASIC Realm=sandbox, charset=UTF-8"], [Basic()]),
        ([HUB], [Bearer("https://auth.docker.io/token", "registry.docker.io", ("repository:acme/web:pull",))]),
        (['bEARER REALM="https://a/t" , SERVICE = s ,scope="a b"'], [Bearer("https://a/t", "s", ("a", "b"))]),
        (["Bearer"], [Bearer("")]),
        (['Bearer realm="a\\"b\\\\c, Basic"'], [Bearer('a"b\\c, Basic')]),
        (['Bearer realm="https://a/t",error="invalid_token"'], [Bearer("https://a/t")]),
        (['Bearer realm="first",realm="last"'], [Bearer("last")]),
        # A node prefers a token, wherever it stands.
        (['Basic realm="x", Bearer realm="https://a/t"'], [Bearer("https://a/t"), Basic()]),
        (['Basic realm="x"', 'Bearer realm="https://a/t"'], [Bearer("https://a/t"), Basic()]),
        (["Negotiate, Basic realm=x"], [Basic()]),
        (["Negotiate YII+/=, Basic realm=x"], [Basic()]),
        (["Negotiate YII+/= , NTLM,,Basic"], [Basic()]),
        (['Digest realm="x", nonce="Basic y=z", qop="auth,auth-int", Basic realm=x'], [Basic()]),
        ([', ,Basic realm="x",'], [Basic()]),
        # What can't be read ends a header, not the others.
        (['Basic realm="x", {broken}, Bearer realm="https://a/t"'], [Basic()]),
        (['Bearer realm="https://a/t', "Basic"], [Bearer(""), Basic()]),
    ],
)
def test_challenges_are_read(headers: list[str], expected: list[Challenge]) -> None:
    assert parse(headers) == expected


_WORD = st.from_regex(r"[a-z0-9:/._-]{1,20}", fullmatch=True)
_VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
_SPACE = st.sampled_from(["", " ", "\t "])


@st.composite
def written(draw: st.DrawFn) -> tuple[str, list[Challenge]]:
    """A header, and what is in it."""
    parts: list[str] = []
    challenges: list[Challenge] = []

    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def cased(text: str) -> str:
        return "".join(c.upper() if draw(st.booleans()) else c for c in text)

    for kind in draw(st.lists(st.sampled_from(["basic", "bearer", "other", "token68"]), max_size=4)):
        if kind == "bearer":
            challenge = Bearer(draw(_VALUE), draw(_VALUE), tuple(draw(st.lists(_WORD, max_size=3))))
            values = {"realm": challenge.realm, "service": challenge.service, "scope": " ".join(challenge.scopes)}
            challenges.append(challenge)
        elif kind == "token68":
            parts.append(f"Negotiate {draw(st.from_regex('[A-Za-z0-9+/]{1,9}={0,2}', fullmatch=True))}")
            continue
        else:
            values = {"realm": draw(_VALUE), "charset": draw(_VALUE)}
            challenges += [Basic()] if kind == "basic" else []
        names = draw(st.permutations(list(values)))
        equals = f"{draw(_SPACE)}={draw(_SPACE)}"
        text = f"{draw(_SPACE)},{draw(_SPACE)}".join(cased(name) + equals + quoted(values[name]) for name in names)
        parts.append(f"{cased(kind)} {text}")
    return f"{draw(_SPACE)},{draw(_SPACE)}".join(parts), challenges


@given(written())
def test_what_is_written_is_read(case: tuple[str, list[Challenge]]) -> None:
    header, challenges = case
    expected = [each for each in challenges if isinstance(each, Bearer)]
    assert parse([header]) == [*expected, *(each for each in challenges if isinstance(each, Basic))]


@given(st.lists(st.text(st.sampled_from('Basicearl =,"\\\t{}é\x00\n') | st.characters()), max_size=3))
def test_nothing_fails(headers: list[str]) -> None:
    parse(headers)


def test_a_long_header_takes_no_long_time() -> None:
    for piece in ("a", "a ", "a=", 'a="', "\\", "=", ",", 'Bearer realm="', "Basic ,", " "):
        parse([piece * 100_000])
        parse([f'Bearer realm="{piece * 100_000}'])
