"""A city's directory to sign in by: a real OpenID Connect provider on a port of its own, built with Authlib's server.

It demands PKCE and a nonce, as strict ones do. Who is signed in there is `subject` with its `claims`; `lie` makes its
ID tokens wrong in one way, as an attacker's would be.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import Flask, Response, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Response as Answer

CLIENT_ID, CLIENT_SECRET = "akiseki", "a secret of the client"


@cache
def _key(_whose: str) -> RSAKey:
    """A key; made once, since it takes a while."""
    return RSAKey.generate_key(2048, {"kid": "one"})


@dataclass
class Directory:
    """What the provider knows and says."""

    issuer: str = ""
    subject: str = "s-0001"
    claims: dict[str, Any] = field(
        default_factory=lambda: {"email": "aoki@example.jp", "email_verified": True}
    )
    lie: dict[str, Any] = field(default_factory=dict)
    in_userinfo_only: bool = False
    refuses: bool = False
    silent_s: float = 0
    asked: list[dict[str, str]] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    forged: bool = False

    def application(self) -> Flask:
        app = Flask("directory")
        app.add_url_rule("/.well-known/openid-configuration", view_func=self.configuration)
        app.add_url_rule("/authorize", view_func=self.authorize)
        app.add_url_rule("/token", view_func=self.token, methods=["POST"])
        app.add_url_rule("/userinfo", view_func=self.userinfo)
        app.add_url_rule("/jwks", view_func=self.jwks)
        return app

    def configuration(self) -> Response:
        time.sleep(self.silent_s)
        return jsonify(
            issuer=self.issuer,
            authorization_endpoint=f"{self.issuer}/authorize",
            token_endpoint=f"{self.issuer}/token",
            userinfo_endpoint=f"{self.issuer}/userinfo",
            jwks_uri=f"{self.issuer}/jwks",
            response_types_supported=["code"],
            subject_types_supported=["public"],
            id_token_signing_alg_values_supported=["RS256"],
            code_challenge_methods_supported=["S256"],
        )

    def jwks(self) -> Response:
        return jsonify(KeySet([_key("its own")]).as_dict(private=False))

    def authorize(self) -> Answer:
        """The person is signed in here already and agrees."""
        asked = request.args.to_dict()
        self.asked.append(asked)
        if self.refuses:
            answer = {"error": "access_denied", "state": asked["state"]}
        else:
            assert asked["response_type"] == "code"
            assert asked["client_id"] == CLIENT_ID
            assert asked["code_challenge_method"] == "S256"
            assert asked["nonce"]
            code = f"code-{len(self._codes)}"
            self._codes[code] = asked
            answer = {"code": code, "state": asked["state"]}
        return redirect(f"{asked['redirect_uri']}?{urlencode(answer)}")

    def token(self) -> Response | tuple[Response, int]:
        """A code is good once, for whoever knows the verifier and the client's secret."""
        asked = self._codes.pop(request.form["code"], None)
        given = request.authorization
        fits = (
            asked is not None
            and given is not None
            and (given.username, given.password) == (CLIENT_ID, CLIENT_SECRET)
            and asked["redirect_uri"] == request.form["redirect_uri"]
            and create_s256_code_challenge(request.form["code_verifier"]) == asked["code_challenge"]
        )
        if not fits or asked is None:
            return jsonify(error="invalid_grant"), 400
        at = int(time.time())  # noqa: TID251 - a directory lives in real time
        claims = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": CLIENT_ID,
            "iat": at,
            "exp": at + 300,
            "nonce": asked["nonce"],
            **({} if self.in_userinfo_only else self.claims),
            **self.lie,
        }
        key = _key("a stranger's" if self.forged else "its own")
        id_token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)
        return jsonify(access_token="opaque", token_type="Bearer", expires_in=300, id_token=id_token)

    def userinfo(self) -> Response:
        return jsonify({"sub": self.subject, **self.claims, **self.lie})


@contextmanager
def running() -> Iterator[Directory]:
    """A directory that answers on a port of this machine."""
    directory = Directory()
    server = make_server("127.0.0.1", 0, directory.application(), threaded=True)
    directory.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield directory
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
