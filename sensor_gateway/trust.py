"""TLS towards the broker: whom the gateway trusts, what it shows of itself, and what a failure means in plain words."""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from app.settings import Settings

_NO_TLS = re.compile(
    r"WRONG.VERSION.NUMBER|RECORD.LAYER.FAILURE|PACKET.LENGTH.TOO.LONG|UNKNOWN.PROTOCOL", re.IGNORECASE
)
# TLS 1.2 fails the handshake where a certificate is missing, and 1.3 says so afterwards.
_WANTS_ONE = re.compile(r"CERTIFICATE.REQUIRED|HANDSHAKE.FAILURE", re.IGNORECASE)
_NOT_OURS = re.compile(
    r"ALERT.(UNKNOWN.CA|(BAD|UNSUPPORTED).CERTIFICATE|CERTIFICATE.(REVOKED|EXPIRED|UNKNOWN)|DECRYPT.ERROR|ACCESS.DENIED)",
    re.IGNORECASE,
)
ANSWER_S = 10.0


@dataclass(frozen=True, slots=True)
class Trust:
    """`ca`: who signed the broker's certificate, None: a public authority. `cert`, `key`: the gateway's own, where the
    broker lets in by certificates."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> Trust:
        """As the operator decided."""
        return cls(settings.mqtt_ca, settings.mqtt_cert, settings.mqtt_key)

    def context(self) -> ssl.SSLContext:
        """What a connection is secured by. Raises ValueError naming the setting of a file that cannot be used."""
        try:
            made = ssl.create_default_context(cafile=self.ca)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(
                f"AKISEKI_MQTT_CA: {self.ca} holds no certificate that can be read: {error}"
            ) from error
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.cert is not None:
            try:
                made.load_cert_chain(self.cert, self.key, password="")  # nobody is there to type one
            except (OSError, ssl.SSLError) as error:
                raise ValueError(
                    f"AKISEKI_MQTT_CERT and AKISEKI_MQTT_KEY: {self.cert} and {self.key} are no certificate and "
                    f"its key without a password: {error}"
                ) from error
        return made

    def objection(self, host: str, port: int) -> str:
        """What a broker that hung up has against us, in words for the operator; empty where it is nothing of TLS.

        By 1.3 it hangs up when the handshake is over for us, and its reason may be lost with the connection; by 1.2 the
        handshake fails and says why.
        """
        context = self.context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        try:
            with (
                socket.create_connection((host, port), ANSWER_S) as connection,
                context.wrap_socket(connection, server_hostname=host),
            ):
                return ""
        except OSError as error:
            return meaning(str(error))


PUBLIC = Trust()


def meaning(*failures: str) -> str:
    """What failures of TLS ask of the operator, by the library's words for them; empty for what may pass."""
    return next((found for failure in failures if (found := _meaning(failure))), "")


def _meaning(failure: str) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in failure:
        why = failure.rpartition("certificate verify failed: ")[2].partition(" (_ssl")[0]
        return (
            f"the broker's certificate is not trusted: {why}. AKISEKI_MQTT_CA names who signed it, AKISEKI_MQTT_URL "
            "the host that it is made out to"
        )
    if _NOT_OURS.search(failure):
        return f"the broker does not trust the certificate in AKISEKI_MQTT_CERT: {failure}"
    if _WANTS_ONE.search(failure):
        return (
            "the broker lets in by certificates: AKISEKI_MQTT_CERT and AKISEKI_MQTT_KEY must name one that its "
            "authority has signed for the gateway's name"
        )
    if _NO_TLS.search(failure):
        return "the broker does not speak TLS on this port: AKISEKI_MQTT_URL must begin with mqtt://, or name another"
    return ""


def hint_of(error: OSError) -> str:
    """What may be wrong where a broker hangs up on TLS: so does Mosquitto that does not speak it, and one that ends."""
    hung_up = isinstance(error, ConnectionResetError | ssl.SSLEOFError | ssl.SSLZeroReturnError)
    return "; where it does not speak TLS, the address is mqtt://" if hung_up else ""
