"""Which of several hosts to send to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.policies.failover import Choice, Hosts

MAIN, BACKUP, LAST = "https://main", "https://backup", "https://last"


def test_a_host_that_is_unreachable_is_left_at_once() -> None:
    """One failed connection is enough, since a backup serves as well."""
    hosts = Hosts(MAIN, [BACKUP, LAST])
    hosts.bad(MAIN, 0, unreachable=True)
    assert hosts.choose(0, idempotent=False) == Choice(BACKUP)
    hosts.bad(BACKUP, 0, unreachable=True)
    assert hosts.choose(0, idempotent=False) == Choice(LAST)


def test_a_host_that_answers_badly_is_left_after_three() -> None:
    """Lost answers and gateways' errors may be a call's own bad luck; in a row they are the host's."""
    hosts = Hosts(MAIN, [BACKUP])
    for _ in range(2):
        hosts.bad(MAIN, 0, unreachable=False)
    hosts.good(MAIN)
    for _ in range(2):
        hosts.bad(MAIN, 0, unreachable=False)
    assert hosts.current == MAIN
    hosts.bad(MAIN, 0, unreachable=False)
    assert hosts.current == BACKUP


def test_one_probe_at_a_time_brings_the_main_host_back() -> None:
    """After a pause a call that may be repeated looks at the main host; its success brings all others back."""
    hosts = Hosts(MAIN, [BACKUP])
    hosts.bad(MAIN, 0, unreachable=True)
    assert hosts.choose(4.9, idempotent=True) == Choice(BACKUP)
    assert hosts.choose(5, idempotent=False) == Choice(BACKUP)
    assert hosts.choose(5, idempotent=True) == Choice(MAIN, probe=True)
    assert hosts.choose(5, idempotent=True) == Choice(BACKUP)
    hosts.good(MAIN)
    assert hosts.choose(6, idempotent=False) == Choice(MAIN)


def test_a_failed_probe_doubles_the_pause() -> None:
    """The main host is looked at less and less often, but every half a minute."""
    hosts, now, pauses = Hosts(MAIN, [BACKUP]), 0.0, list[float]()
    for _ in range(5):
        hosts.bad(MAIN, now, unreachable=True)
        begun = now
        while not hosts.choose(now, idempotent=True).probe:
            now += 1
        pauses.append(now - begun)
    assert pauses == [5, 10, 20, 30, 30]


def test_a_write_looks_at_the_main_host_after_three_minutes() -> None:
    """A client that makes nothing but writes comes back too."""
    hosts = Hosts(MAIN, [BACKUP])
    hosts.bad(MAIN, 0, unreachable=True)
    assert hosts.choose(179, idempotent=False) == Choice(BACKUP)
    assert hosts.choose(180, idempotent=False) == Choice(MAIN, probe=True)
    hosts.bad(MAIN, 180, unreachable=True)
    assert hosts.choose(300, idempotent=False) == Choice(BACKUP)


def test_a_small_share_looks_at_the_backup() -> None:
    """One in a hundred calls that may be repeated, and no other."""
    hosts = Hosts(MAIN, [BACKUP])
    chosen = [hosts.choose(0, idempotent=True) for _ in range(1000)]
    assert chosen.count(Choice(BACKUP, probe=True)) == 10
    assert Hosts(MAIN, [BACKUP], share=0).choose(0, idempotent=True) == Choice(MAIN)
    assert all(hosts.choose(0, idempotent=False) == Choice(MAIN) for _ in range(1000))


def test_a_backup_that_is_down_is_not_looked_at() -> None:
    """A backup behind a firewall costs one call, not one in a hundred."""
    hosts = Hosts(MAIN, [BACKUP], share=0.5)
    probes = 0
    for _ in range(100):
        if hosts.choose(0, idempotent=True).probe:
            probes += 1
            hosts.bad(BACKUP, 0, unreachable=True)
    assert probes == 1


def test_where_all_are_down_the_one_that_was_left_first_is_tried() -> None:
    """There is always a host to send to."""
    hosts = Hosts(MAIN, [BACKUP])
    hosts.bad(MAIN, 0, unreachable=True)
    hosts.bad(BACKUP, 1, unreachable=True)
    assert hosts.choose(2, idempotent=False).host == MAIN


@given(st.lists(st.tuples(st.floats(0, 60), st.booleans(), st.sampled_from(["good", "unreachable", "lost"]))))
def test_an_answer_from_the_main_host_always_brings_the_calls_back(steps: list[tuple[float, bool, str]]) -> None:
    """Whatever happened, once the main host answers a probe it is the one that calls go to."""
    hosts, now = Hosts(MAIN, [BACKUP, LAST]), 0.0
    for pause, idempotent, fate in steps:
        now += pause
        choice = hosts.choose(now, idempotent=idempotent)
        if fate == "good":
            hosts.good(choice.host)
        else:
            hosts.bad(choice.host, now, unreachable=fate == "unreachable")
    hosts.good(MAIN)
    assert hosts.choose(now, idempotent=False) == Choice(MAIN)
