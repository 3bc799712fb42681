"""The endpoints of OpenStack Mistral's API by which an asynchronous action is answered.

With a callback's token in the address (``Mistral-Callback-URL``) no other credential is needed;
at the site's root, where Mistral itself has them, one is. The answer is 200 and the resource, also
where the callback's own endpoints say 202: Mistral's clients take nothing else for a success.
"""

from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.authentication import SessionAuthentication, TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from callbacks_app import by_hand, mistral, tokens
from callbacks_app.action_executions import resource
from callbacks_app.attempts import Sender
from callbacks_app.errors import NotPermitted, UnknownToken
from callbacks_app.incoming import Incoming
from callbacks_app.mistral_schemas import ActionExecutionSerializer, ActionExecutionUpdate
from callbacks_app.models import CallbackToken, public_id_of
from callbacks_app.tokens import Opened
from callbacks_app.views import KEY, PROBLEMS, CallbackView

CHALLENGE = 'Bearer realm="callbacks", Token realm="api"'
ANSWERS = {200: ActionExecutionSerializer, **PROBLEMS}
OF_SITE: Any = [{"tokenAuth": []}, {"cookieAuth": []}]  # As OpenAPI wants it, not the hint.
IDENTITY = OpenApiParameter("identity", OpenApiTypes.STR, OpenApiParameter.PATH)
TOKEN = OpenApiParameter("token", OpenApiTypes.STR, OpenApiParameter.PATH)


class OfToken(CallbackView):
    """An action execution under its own base URL, which carries the capability."""

    @extend_schema(
        operation_id="mistral_callback_state",
        auth=[],
        parameters=[TOKEN, IDENTITY],
        responses=ANSWERS,
    )
    def get(self, request: Request, identity: str, token: str) -> Response:
        """Return the action execution. Never consumes it."""
        return Response(resource(self.readable(request, identity, token)))

    @extend_schema(
        operation_id="mistral_callback_put",
        auth=[],
        parameters=[TOKEN, IDENTITY, KEY],
        request=ActionExecutionUpdate,
        responses=ANSWERS,
    )
    def put(self, request: Request, identity: str, token: str) -> Response:
        """Set the action execution's state and output, and so answer the callback."""
        return self.update(request, identity, token)

    @extend_schema(
        operation_id="mistral_callback_post",
        auth=[],
        parameters=[TOKEN, IDENTITY, KEY],
        request=ActionExecutionUpdate,
        responses=ANSWERS,
    )
    def post(self, request: Request, identity: str, token: str) -> Response:
        """Do the same: Mistral's document on asynchronous actions has POST."""
        return self.update(request, identity, token)

    def readable(self, _request: Request, identity: str, token: str) -> CallbackToken:
        """Return the callback, if the caller may read it."""
        opened = self.opened(identity, token)
        if opened.scope == "progress":
            raise NotPermitted("This token is for progress and heartbeats only.")
        return opened.callback

    def update(self, request: Request, identity: str, token: str) -> Response:
        """Do what the body asks for, with the token's right."""
        with Incoming(request, self.opened(identity, token), "state", via="mistral") as incoming:
            replayed = mistral.hand_in(incoming, mistral.update_in(incoming.read()))
        incoming.callback.refresh_from_db()
        return answer(incoming.callback, replayed=replayed)

    def opened(self, identity: str, token: str) -> Opened:
        """Return what the token opens, if it is the execution of that id."""
        opened = tokens.verified(token)
        if opened.callback.public_id != public_id_of(identity):
            raise UnknownToken
        return opened


class OfSite(OfToken):
    """An action execution where Mistral has it: the caller shows a token, or who it is."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Take the token of the header, if there is one, for the one that others have in the path.

        So it is limited as it is there.
        """
        return super().dispatch(request, *args, token=_bearer(request), **kwargs)

    def perform_authentication(self, request: Request) -> None:
        """Leave it to the handlers: the limits come first, and a body is read only once."""

    def handle_exception(self, exc: Exception) -> Response:
        """Answer a refusal, and who has not said who it is, with how to."""
        response = super().handle_exception(exc)
        if response.status_code == 401:
            response["WWW-Authenticate"] = CHALLENGE
        return response

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        """Keep the pages of other sites out: here a cookie counts."""
        response = super().finalize_response(*args, **kwargs)
        for name in [name for name in response.headers if name.startswith("Access-Control-")]:
            del response[name]
        return response

    @extend_schema(
        operation_id="mistral_state", auth=OF_SITE, parameters=[IDENTITY], responses=ANSWERS
    )
    def get(self, request: Request, identity: str, token: str) -> Response:
        """Return the action execution. The header may be ``Bearer`` and a callback's token, too."""
        return super().get(request, identity, token)

    @extend_schema(
        operation_id="mistral_put",
        auth=OF_SITE,
        parameters=[IDENTITY, KEY],
        request=ActionExecutionUpdate,
        responses=ANSWERS,
    )
    def put(self, request: Request, identity: str, token: str) -> Response:
        """Set the state and output: with a callback's token as it does, else as a person."""
        return super().put(request, identity, token)

    @extend_schema(
        operation_id="mistral_post",
        auth=OF_SITE,
        parameters=[IDENTITY, KEY],
        request=ActionExecutionUpdate,
        responses=ANSWERS,
    )
    def post(self, request: Request, identity: str, token: str) -> Response:
        """Do the same: Mistral's document on asynchronous actions has POST."""
        return super().post(request, identity, token)

    def readable(self, request: Request, identity: str, token: str) -> CallbackToken:
        """Return the callback, if the caller may read it."""
        if token:
            return super().readable(request, identity, token)
        return _permitted(_user(request), identity)

    def update(self, request: Request, identity: str, token: str) -> Response:
        """Do what the body asks for: with the token's right, or with that of the user."""
        if token:
            return super().update(request, identity, token)
        user = _user(request)
        callback, name = _permitted(user, identity), user.get_username()
        opened = Opened(callback, "result")
        with _FromUser(request, opened, "state", via="mistral", name=name) as incoming:
            update = mistral.update_in(incoming.read())
        person = mistral.caller(incoming, update, name=name)
        return answer(callback, replayed=mistral.hand_in_by_hand(callback, update, person))

    def opened(self, identity: str, token: str) -> Opened:
        """Return what the token opens; a forged one is no credential, whatever the id."""
        try:
            tokens.verified(token)
        except UnknownToken as error:
            raise AuthenticationFailed("This token opens nothing.") from error
        return super().opened(identity, token)


def answer(callback: CallbackToken, *, replayed: bool) -> Response:
    """Return the resource as it is now."""
    headers = {"Idempotent-Replayed": "true"} if replayed else {}
    return Response(resource(callback), headers=headers)


@dataclass
class _FromUser(Incoming):
    """A person's request: it names them instead of an address, and needs no signature."""

    name: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.options = replace(self.options, signature="")

    @property
    def sender(self) -> Sender:
        return replace(super().sender, source=self.name)


class _Session(SessionAuthentication):
    """Check the CSRF token without reading the body, which is bounded and read elsewhere."""

    def enforce_csrf(self, request: Any) -> None:
        super().enforce_csrf(request._request)  # noqa: SLF001 - which parses forms only.


def _bearer(request: HttpRequest) -> str:
    """Return the token of the header ``Authorization: Bearer``, or ""."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _user(request: Request) -> Any:
    """Return the user whose API token or session came with the request.

    Raises:
        NotAuthenticated, AuthenticationFailed, PermissionDenied: there is none that counts.
    """
    for authentication in (TokenAuthentication(), _Session()):
        if found := authentication.authenticate(request):
            return found[0]
    raise NotAuthenticated


def _permitted(user: Any, identity: str) -> CallbackToken:
    """Return the callback, if the user may answer it.

    Whoever may answer none is told so before it is looked for: not even its existence shows.
    """
    if not user.has_perm(by_hand.PERMISSION):
        raise NotPermitted("You may not answer callbacks.")
    callback = by_hand.find(identity)
    by_hand.require(user, callback)
    return callback
