"""Who is a client, for how long, and where its answers go. The clock is a number."""

import pytest

from bridge.osc_clients import LEASE_S, MAX_CLIENTS, Clients, Peer
from bridge.osc_spec import LEVEL_BIT, TRACK_BIT
from engine.errors import EngineError

EAR, DEVICE, STRANGER = (Peer("udp", "127.0.0.1", port) for port in (5000, 6000, 7000))
WIRE = Peer("slip", "127.0.0.1", 8000)


def at(port: int, host: str = "127.0.0.1") -> Peer:
    return Peer("udp", host, port)


@pytest.mark.parametrize("peer", [EAR, WIRE, Peer("size", "::1", 1)])
def test_a_peer_is_what_its_text_says(peer):
    assert Peer.parse(str(peer)) == peer


def test_an_origin_that_is_no_client_has_no_peer():
    assert Peer.parse("midi") is None


def test_answers_go_to_the_reply_port_or_to_the_senders_own():
    clients = Clients()
    clients.hello(EAR, "ear", 0, -1, 0)
    clients.hello(DEVICE, "max", 6001, -1, 0)
    assert clients.recipients(EAR, 1) == [EAR]
    assert clients.recipients(DEVICE, 1) == [at(6001)]
    assert clients.recipients(at(6001), 1) == [at(6001)]
    assert set(clients.subscribers(TRACK_BIT, 1)) == {EAR, at(6001)}


def test_who_never_said_hello_is_answered_where_it_spoke():
    clients = Clients()
    assert clients.recipients(STRANGER, 0) == [STRANGER]
    assert clients.subscribers(TRACK_BIT, 0) == []


def test_a_lease_ends_in_silence_and_begins_anew_with_any_message():
    clients = Clients()
    clients.hello(EAR, "ear", 0, -1, 0)
    assert clients.subscribers(TRACK_BIT, LEASE_S) == [EAR]
    clients.heard(EAR, LEASE_S)
    assert clients.subscribers(TRACK_BIT, 2 * LEASE_S) == [EAR]
    assert clients.subscribers(TRACK_BIT, 2 * LEASE_S + 0.001) == []
    clients.heard(EAR, 2 * LEASE_S + 1)  # too late: it has to say hello again
    assert clients.subscribers(TRACK_BIT, 2 * LEASE_S + 1) == []


def test_no_lease_ends_while_an_answer_is_waited_for():
    clients = Clients()
    clients.hello(at(40_001), "shell", EAR.port, -1, 0)
    first, second = clients.expect(at(40_002), 1), clients.expect(EAR, 2)
    clients.answered(first, 10 * LEASE_S)
    assert clients.recipients(at(40_003), 20 * LEASE_S) == [at(40_003), EAR]
    clients.hello(at(40_004), "shell", EAR.port, -1, 20 * LEASE_S)  # the same ear, and it still waits
    assert clients.subscribers(TRACK_BIT, 30 * LEASE_S) == [EAR]
    clients.answered(second, 30 * LEASE_S)
    assert clients.subscribers(TRACK_BIT, 31 * LEASE_S) == [EAR]
    assert clients.subscribers(TRACK_BIT, 31 * LEASE_S + 0.001) == []


def test_a_connection_that_goes_while_it_waits_is_gone():
    clients = Clients()
    clients.hello(WIRE, "wire", 0, -1, 0)
    peers = clients.expect(WIRE, 1)
    clients.gone(WIRE)
    clients.answered(peers, 2)
    assert clients.subscribers(TRACK_BIT, 3) == []


def test_of_two_clients_only_the_silent_one_is_forgotten():
    clients = Clients()
    clients.hello(EAR, "ear", 0, -1, 0)
    clients.hello(DEVICE, "max", 6001, -1, 0)
    clients.heard(EAR, 20)
    assert clients.subscribers(TRACK_BIT, LEASE_S + 1) == [EAR]


def test_a_sender_with_a_new_port_each_time_counts_as_the_client_of_its_host():
    clients = Clients()
    clients.hello(at(40_001), "shell", 5000, -1, 0)
    clients.hello(at(9, "10.0.0.2"), "elsewhere", 5001, -1, 0)
    assert clients.recipients(at(40_002), 1) == [at(40_002), EAR]
    clients.heard(at(40_003), 20)
    assert clients.subscribers(TRACK_BIT, LEASE_S + 1) == [EAR]


def test_a_client_without_a_reply_port_of_its_own_gets_nobody_elses_answers():
    clients = Clients()
    clients.hello(EAR, "ear", 0, -1, 0)
    assert clients.recipients(STRANGER, 1) == [STRANGER]


def test_hello_again_is_the_same_client_and_one_ear_hears_once():
    clients = Clients()
    clients.hello(EAR, "ear", 0, -1, 0)
    clients.hello(at(40_001), "shell", EAR.port, LEVEL_BIT, 0)
    assert clients.subscribers(LEVEL_BIT, 1) == [EAR]
    assert clients.subscribers(TRACK_BIT, 1) == []
    assert clients.recipients(at(40_002), 1) == [at(40_002), EAR]
    clients.hello(EAR, "ear", 0, -1, 2)  # the shell still speaks for it
    assert clients.recipients(at(40_003), 3) == [at(40_003), EAR]
    assert clients.recipients(EAR, 3) == [EAR]


def test_who_says_hello_with_another_reply_port_has_moved():
    """A device that found its port taken: what is sent to the old one would be another program's."""
    clients = Clients()
    clients.hello(EAR, "ear", 0, -1, 0)
    clients.hello(DEVICE, "max", 6001, -1, 0)
    clients.hello(DEVICE, "max", 6002, -1, 1)
    assert clients.recipients(DEVICE, 2) == [at(6002)]
    assert set(clients.subscribers(TRACK_BIT, 2)) == {EAR, at(6002)}
    clients.hello(DEVICE, "max", 0, -1, 3)
    clients.hello(DEVICE, "max", 6003, -1, 4)
    assert clients.recipients(DEVICE, 5) == [at(6003)]
    assert set(clients.subscribers(TRACK_BIT, 5)) == {EAR, at(6003)}


def test_a_connection_is_its_own_client_and_takes_its_lease_with_it():
    clients = Clients()
    clients.hello(WIRE, "wire", 5000, -1, 0)
    assert clients.recipients(WIRE, 1) == [WIRE]
    assert clients.recipients(at(40_001), 1) == [at(40_001)]
    clients.gone(WIRE)
    assert clients.subscribers(TRACK_BIT, 1) == []


def test_there_is_an_end_to_how_many_there_can_be():
    clients = Clients()
    for port in range(MAX_CLIENTS):
        clients.hello(at(10_000 + port), "many", 0, -1, 0)
    with pytest.raises(EngineError, match="256 clients"):
        clients.hello(EAR, "one more", 0, -1, 1)
    clients.hello(at(10_000), "known", 0, -1, 1)
    clients.hello(EAR, "later", 0, -1, LEASE_S + 2)
