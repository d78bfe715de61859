"""What the library says of a failed TLS connection, in plain words."""

import ssl

import pytest

from sensor_gateway.trust import hint_of, meaning


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1006)",
            "not trusted: certificate has expired. AKISEKI_MQTT_CA",
        ),
        (
            "failed to receive on socket: [SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13",
            "AKISEKI_MQTT_KEY must",
        ),
        ("[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure", "AKISEKI_MQTT_KEY must"),
        ("[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca (_ssl.c:2580)", "does not trust"),
        ("[SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] sslv3 alert certificate expired", "does not trust"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", "does not speak TLS"),
        ("[Errno 111] Connection refused", ""),
        ("timed out", ""),
    ],
)
def test_a_failure_names_the_setting_that_mends_it(failure: str, said: str) -> None:
    found = meaning("sending CONNECT", failure)
    assert said in found
    assert bool(found) is bool(said)


def test_a_broker_that_hangs_up_may_speak_no_tls() -> None:
    assert "mqtt://" in hint_of(ConnectionResetError()) == hint_of(ssl.SSLEOFError())
    assert not hint_of(ConnectionRefusedError())
