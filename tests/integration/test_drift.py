"""How the real engine ends a preview that expects no changes; the nightly comparison goes by it."""

from ci.drift import State, judge
from tests.integration.live import LiveCluster
from tests.integration.program import ProgramStack


def test_a_stack_is_judged_by_the_engines_words(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    stack.config["namespaces"] = [{"name": namespace}]
    assert not stack.up().failed

    as_it_was = stack.preview(expect_no_changes=True)
    assert not as_it_was.failed, as_it_was.output

    cluster.set_pull_secrets(namespace, "default", "theirs")
    differs = stack.preview(expect_no_changes=True)
    assert differs.failed
    assert judge(1, differs.output) is State.DIFFERS

    stack.config["namespaces"] = [{"name": f"{namespace}-that-is-nowhere"}]
    broken = stack.preview(expect_no_changes=True)
    assert broken.failed
    assert judge(1, broken.output) is State.FAILED, broken.output
