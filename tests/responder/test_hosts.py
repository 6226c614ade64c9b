"""Which address a host means, however it is written, and whether it lies inside a network."""

import pytest

from outcry.responder.hosts import is_inside, is_inside_name, literal, named

INSIDE = [
    *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "127.0.0.1."),
    *("0.0.0.0", "0", "::", "::1", "[::1]", "::ffff:127.0.0.1", "::127.0.0.1"),
    *("10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "fec0::1"),
    *("169.254.1.1", "fe80::1", "fe80::1%eth0", "224.0.0.1", "ff02::1", "255.255.255.255"),
    *("169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "::ffff:a9fe:a9fe"),
    *("64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "fd00:ec2::254", "168.63.129.16"),
    *("100.100.100.200", "192.0.0.192", "64:ff9b:1::a9fe:a9fe", "64:ff9b:1::808:808"),
    *("64:ff9b:1:ffff::1", "64:ff9b::1:0:0:1", "::ffff:0:a9fe:a9fe", "2002:a00:1::1", "::a00:1"),
    *("2001:0:808:808:0:ffff:5601:5601", "2001:1::1", "2001:20::1", "5f00::1", "100:0:0:1::1"),
    *("4000::1", "e000::1"),
]
OUTSIDE = ["1.1.1.1", "134744072", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
OUTSIDE += ["2002:808:808::1", "::ffff:0:808:808", "::808:808", "2620:4f:8000::1", "3fff::7"]
OUTSIDE += ["2606:4700::5efe:a9fe:a9fe"]  # its last bits are its own affair: no tunnel is ours


@pytest.mark.parametrize("host", INSIDE)
def test_an_address_inside_is_known_in_every_spelling(host):
    address = literal(host)
    assert address is not None
    assert is_inside(address)


@pytest.mark.parametrize("host", [*OUTSIDE, "203.0.113.7", "2001:db8::7"])
def test_an_address_of_the_internet_is_none_inside(host):
    address = literal(host)
    assert address is not None
    assert not is_inside(address)


@pytest.mark.parametrize("host", ["example.org", "", "localhost", "1.2.3.4.5", "127.0.0.1.nip.io"])
def test_a_name_is_no_address(host):
    assert literal(host) is None


def test_names_that_only_a_network_of_ones_own_knows():
    inside = ("localhost", "LOCALHOST.", "hq", "hq.local", "a.localhost", "db.internal", "x.lan")
    assert all(map(is_inside_name, inside))
    assert not any(map(is_inside_name, ("help.example.org", "local.example.org")))


def test_what_a_setting_names():
    assert named("10.0.0.5") == named("10.0.0.5/32")
    assert [named(each)[1] for each in ("127.0.0.1:8080", "[fd00::1]:443", "fd00::1")] == [
        *(8080, 443, None)
    ]
    for wrong in ("", "example.org", "10.0.0.1/8", "a@10.0.0.1", "10.0.0.1:x", "10.0.0.1/8/9"):
        with pytest.raises(ValueError, match=r"."):
            named(wrong)
