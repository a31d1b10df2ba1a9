"""WeChat's server API on the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.gateway import Answer, GatewayError, Judge, PerProcess, Repeat, Retry, Vendor, call
from tenants.providers.wechat import mapping
from tenants.providers.wechat.tokens import AccessToken, SharedTokens, TokenKeeper, TokenSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

WECHAT = "https://api.weixin.qq.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeChatConfig:
    """A mini-program and how to reach WeChat; `scope` is whose calls these are (a bank's code)."""

    appid: str
    secret: str = field(repr=False)
    base_url: str = WECHAT
    scope: str = ""
    connect_seconds: float = 1.5
    read_seconds: float = 3.0
    total_seconds: float = 4.5
    proxy: str | None = None

    def vendor(self) -> Vendor:
        """Return the vendor; answers cost nothing, so pure calls of unknown outcome are repeated at once."""
        return Vendor(
            name=mapping.VENDOR,
            base_url=self.base_url,
            scope=self.scope,
            connect_seconds=self.connect_seconds,
            read_seconds=self.read_seconds,
            total_seconds=self.total_seconds,
            retry=Retry(unknown_of_pure=True),
            proxy=self.proxy,
        )


# By address and appid: a caller's scope and time limits do not make another token.
_keepers: PerProcess[tuple[str, str], TokenKeeper] = PerProcess(lambda key: TokenKeeper(key[1]))


def forget_tokens() -> None:
    """Forget this process's tokens (tests, and after a secret was changed)."""
    _keepers.forget()


class WeChatClient:
    """Speaks to WeChat for one mini-program. All instances of a process share the access token."""

    def __init__(self, config: WeChatConfig, shared: SharedTokens | None = None) -> None:
        """Use `shared` as the cache between processes, if there is one."""
        self._config = config
        self._vendor = config.vendor()
        self._source = TokenSource(self._fetch_token, shared)

    def code_to_session(self, code: str) -> Answer:
        """GET /sns/jscode2session."""
        operation = "wechat.code_to_session"
        response = call(
            self._vendor,
            operation,
            repeat=Repeat.BURNS,
            method="GET",
            path="/sns/jscode2session",
            params={
                "appid": self._config.appid,
                "secret": self._config.secret,
                "js_code": code,
                "grant_type": "authorization_code",
            },
            judge=mapping.judge(operation, mapping.SESSION),
        )
        return Answer.of(response, vendor=mapping.VENDOR, operation=operation)

    def phone_number(self, code: str) -> Answer:
        """POST /wxa/business/getuserphonenumber."""
        operation = "wechat.phone_number"
        response = self._post(
            operation,
            Repeat.BURNS,
            "/wxa/business/getuserphonenumber",
            {"code": code},
            mapping.judge(operation, mapping.PHONE),
        )
        return Answer.of(response, vendor=mapping.VENDOR, operation=operation)

    def code_image(self, payload: Mapping[str, object]) -> httpx.Response:
        """POST /wxa/getwxacodeunlimit; the answer's body is a picture."""
        operation = "wechat.code_image"
        judge = mapping.judge(operation, mapping.CODE_IMAGE)
        return self._post(operation, Repeat.PURE, "/wxa/getwxacodeunlimit", payload, judge)

    def send_message(self, payload: Mapping[str, object]) -> None:
        """POST /cgi-bin/message/subscribe/send."""
        operation = "wechat.send_message"
        judge = mapping.judge(operation, mapping.MESSAGE)
        self._post(operation, Repeat.BURNS, "/cgi-bin/message/subscribe/send", payload, judge)

    def _fetch_token(self, force: bool) -> tuple[str, int]:  # noqa: FBT001 -- the keeper's own question
        """POST /cgi-bin/stable_token."""
        operation = "wechat.stable_token"
        payload = {
            "grant_type": "client_credential",
            "appid": self._config.appid,
            "secret": self._config.secret,
            "force_refresh": force,
        }
        response = call(
            self._vendor,
            operation,
            repeat=Repeat.PURE,
            method="POST",
            path="/cgi-bin/stable_token",
            content=mapping.encode(payload),
            headers={"Content-Type": "application/json"},
            judge=mapping.judge(operation, mapping.TOKEN),
        )
        return mapping.access_token(Answer.of(response, vendor=mapping.VENDOR, operation=operation))

    def _post(
        self, operation: str, repeat: Repeat, path: str, payload: Mapping[str, object], judge: Judge
    ) -> httpx.Response:
        """POST with the access token; one that WeChat refuses is replaced once: nothing was done then."""

        def send(token: AccessToken) -> httpx.Response:
            return call(
                self._vendor,
                operation,
                repeat=repeat,
                method="POST",
                path=path,
                params={"access_token": token.value},
                content=mapping.encode(payload),
                headers={"Content-Type": "application/json"},
                judge=judge,
            )

        keeper = _keepers.get((self._config.base_url, self._config.appid))
        token = keeper.current(self._source)
        try:
            return send(token)
        except GatewayError as error:
            if error.code != mapping.TOKEN_REFUSED:
                raise
        return send(keeper.replace(token, self._source))
