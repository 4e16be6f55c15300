"""Many questions to many registries, at once and within a time limit."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from .. import image_reference
from ..keyring import Credential
from . import addresses
from .answers import Answer, LoginAnswer, LoginResult, Question, Result
from .exchange import THREAD, Exchange, UnreachableError, trusted
from .node import Login, Puller, Registry, log_in

_AT_ONCE = 8
"""Repositories that are asked at the same time."""

_T = TypeVar("_T")
_Work = Callable[[], Awaitable[None]]


def ask_all(questions: Iterable[Question], *, timeout: float, ca_file: str | None) -> Mapping[Question, Answer]:
    """See the package."""
    answers: dict[Question, Answer] = {}
    # By registry, repository and login: the manifests' paths.
    wanted: dict[tuple[str, str, Login | None], dict[str, list[Question]]] = {}
    for question in dict.fromkeys(questions):
        if reference := image_reference.parse(question.image):
            repository = (reference.registry, reference.repository, _login(question.credential))
            paths = wanted.setdefault(repository, {})
            paths.setdefault(addresses.manifest_path(reference), []).append(question)
        else:
            problem = image_reference.problem(question.image)
            answers[question] = Answer(Result.NOT_FOUND, f"no image has this name: {problem}")

    async def ask(registries: "_Registries") -> None:
        async def work(name: str, repository: str, login: Login | None, paths: Mapping[str, list[Question]]) -> None:
            puller = Puller(registries.get(name), repository, login)
            for path, same in paths.items():
                try:
                    answer = await registries.limited(name, puller.ask(path))
                except UnreachableError as error:
                    answer = Answer(Result.UNREACHABLE, str(error))
                answers.update(dict.fromkeys(same, answer))

        await registries.each(work(*repository, paths) for repository, paths in wanted.items())

    if failure := _run(ask, timeout, ca_file):
        unasked = (question for paths in wanted.values() for same in paths.values() for question in same)
        answers.update(dict.fromkeys(unasked, Answer(Result.UNREACHABLE, failure)))
    return answers


def log_in_all(
    credentials: Iterable[Credential], *, timeout: float, ca_file: str | None
) -> Mapping[Credential, LoginAnswer]:
    """See the package."""
    answers: dict[Credential, LoginAnswer] = {}
    wanted: dict[tuple[str, Login], list[Credential]] = {}
    for credential in dict.fromkeys(credentials):
        login, name = _login(credential), addresses.registry_of(credential.key)
        if login is None:
            answers[credential] = LoginAnswer(LoginResult.NOT_KNOWN, "there is no user name, or no password")
        elif name is None:
            answers[credential] = LoginAnswer(LoginResult.NOT_KNOWN, "the address is not that of one registry")
        else:
            wanted.setdefault((name, login), []).append(credential)

    async def ask(registries: "_Registries") -> None:
        async def work(name: str, login: Login, same: list[Credential]) -> None:
            try:
                answer = await registries.limited(name, log_in(registries.get(name), login))
            except UnreachableError as error:
                answer = LoginAnswer(LoginResult.UNREACHABLE, str(error))
            answers.update(dict.fromkeys(same, answer))

        await registries.each(work(*key, same) for key, same in wanted.items())

    if failure := _run(ask, timeout, ca_file):
        unasked = (credential for same in wanted.values() for credential in same)
        answers.update(dict.fromkeys(unasked, LoginAnswer(LoginResult.UNREACHABLE, failure)))
    return answers


class _Registries:
    """The registries of one run, and its limits."""

    def __init__(self, exchange: Exchange, timeout: float) -> None:
        self._exchange = exchange
        self._timeout = timeout
        self._found: dict[str, Registry] = {}
        self._places = asyncio.Semaphore(_AT_ONCE)

    def get(self, name: str) -> Registry:
        return self._found.setdefault(name, Registry(self._exchange, name))

    async def each(self, work: Iterable[Coroutine[Any, Any, None]]) -> None:
        async def in_a_place(each: Coroutine[Any, Any, None]) -> None:
            async with self._places:
                await each

        await asyncio.gather(*map(in_a_place, work))

    async def limited(self, name: str, asked: Coroutine[Any, Any, _T]) -> _T:
        """The answer, unless the time is over, or the registry wasn't reached before. Raises UnreachableError."""
        registry = self.get(name)
        if registry.unreached:
            asked.close()
            raise UnreachableError(registry.unreached)
        try:
            return await asyncio.wait_for(asked, self._timeout)
        except asyncio.TimeoutError:
            registry.unreached = f"{registry.host} doesn't answer within {self._timeout:g} s"
            raise UnreachableError(registry.unreached) from None
        except UnreachableError as error:
            if error.is_final:
                registry.unreached = str(error)
            raise


def _run(ask: Callable[[_Registries], Awaitable[None]], timeout: float, ca_file: str | None) -> str:
    """Runs it in a loop of its own; why nothing at all could be asked, or an empty text.

    In a thread of its own, since the caller may be in a loop, as a Pulumi program is. Nobody waits for the thread's
    end: a host name that is being looked up can't be given up.
    """
    context = trusted(ca_file)
    outcome: Future[str] = Future()

    async def run() -> None:
        try:
            async with Exchange(context, timeout) as exchange:
                await ask(_Registries(exchange, timeout))
            outcome.set_result("")
        except UnreachableError as error:
            outcome.set_result(str(error))
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=lambda: asyncio.run(run()), name=THREAD, daemon=True).start()
    return outcome.result()


def _login(credential: Credential | None) -> Login | None:
    if credential is None or not credential.username or not credential.password:
        return None
    return credential.username, credential.password
