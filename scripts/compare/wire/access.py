"""Comparison of security, servers, info and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from attrs import frozen

from scripts.compare.wire.findings import changed_keywords
from scripts.compare.wire.shapes import token
from scripts.descriptions.values import Json, as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scripts.compare.wire.documents import Document
    from scripts.compare.wire.findings import Findings, Operation

__all__ = ["compare_access", "compare_surroundings"]

# compared elsewhere; the version of OpenAPI does not affect the API
KNOWN = frozenset(
    {
        "openapi",
        "info",
        "servers",
        "paths",
        "webhooks",
        "components",
        "security",
        "tags",
        "externalDocs",
        "$self",
    }
)

_INFO = {
    **dict.fromkeys(("title", "contact", "license", "termsOfService"), "info-changed"),
    **dict.fromkeys(("summary", "description"), "info-description-changed"),
}
_TAG_TEXTS: dict[str, str] = dict.fromkeys(
    ("description", "externalDocs", "summary"), "tag-description-changed"
)
_SCHEME_TEXTS: dict[str, str] = dict.fromkeys(
    ("description", "bearerFormat"), "security-scheme-description-changed"
)
_FLOW_ADDRESSES: dict[str, str] = dict.fromkeys(
    ("authorizationUrl", "tokenUrl", "refreshUrl"), "security-scheme-address-changed"
)

Alternative: TypeAlias = frozenset[tuple[str, frozenset[str]]]
Difference: TypeAlias = tuple[str, Json, Json, str]


@frozen
class _Place:
    """Part of both documents, with a method to report its changes.

    Attributes:
        findings: The findings of the comparison.
        at: The pointers into both documents.
        part: A readable name.
        operations: The affected operations.
    """

    findings: Findings
    at: tuple[str | None, str | None]
    part: str
    operations: Sequence[Operation] = ()

    def say(self, rule: str, old: Json, new: Json, clause: str, subject: str | None = None) -> None:
        """Report a change."""
        self.findings.say(
            rule,
            "request",
            old,
            new,
            clause,
            at=self.at,
            part=self.part,
            subject=clause if subject is None else subject,
            operations=self.operations,
        )

    def keywords(
        self,
        rules: Mapping[str, str],
        was: dict[str, Json],
        now: dict[str, Json],
        clause: str,
        subject: str | None = None,
    ) -> None:
        """Report changed keywords, each with its rule; ``{}`` in clause and subject is the keyword."""
        for keyword, rule in rules.items():
            old, new = was.get(keyword), now.get(keyword)
            if token(old) != token(new):
                name = None if subject is None else keyword.join(subject.rsplit("{}", 1))
                self.say(rule, old, new, clause.replace("{}", keyword, 1), name)

    def pairs(
        self,
        rules: str,
        olds: Mapping[str, Json],
        news: Mapping[str, Json],
        what: str,
        *,
        named: bool = True,
        key: str | None = None,
    ) -> Iterator[tuple[str, Json, Json]]:
        """Report added and removed members; yield those in both documents.

        Args:
            rules: The prefix of both rules.
            olds: The old members by name.
            news: The new members by name.
            what: The kind of member, in words; ``{}`` is the name.
            named: True if the name identifies a change, False if the clause does.
            key: The name to show, if it differs.
        """
        for name in sorted(olds.keys() | news.keys()):
            if name in olds and name in news:
                yield name, olds[name], news[name]
                continue
            verb = "added" if name in news else "removed"
            old, new = (
                (name if key is None else as_object(side[name]).get(key)) if name in side else None
                for side in (olds, news)
            )
            self.say(
                f"{rules}-{verb}",
                old,
                new,
                f"{what} was {verb}".replace("{}", name, 1),
                name if named else None,
            )


# --- security -----------------------------------------------------------------------------------------------------


def _definitions(document: Document) -> dict[str, str]:
    """Return the location of each security scheme by its name."""
    schemes = as_object(as_object(document.root.get("components")).get("securitySchemes"))
    return {name: document.follow(f"/components/securitySchemes/{_escaped(name)}") for name in schemes}


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _sense(scheme: dict[str, Json]) -> str:
    """Return the canonical text of a scheme, without descriptions."""
    content = {
        key: value for key, value in scheme.items() if key != "description" and not key.startswith("x-")
    }
    if isinstance(content.get("scheme"), str):
        content["scheme"] = content["scheme"].lower()
    content.pop("bearerFormat", None)
    return token(content)


def _carrier(scheme: dict[str, Json]) -> str | None:
    """Return `bearer token` if a scheme sends one, which can be described in four ways."""
    kind = scheme.get("type")
    header = (
        kind == "apiKey"
        and scheme.get("in") == "header"
        and str(scheme.get("name")).lower() == "authorization"
    )
    bearer = kind == "http" and str(scheme.get("scheme")).lower() == "bearer"
    return "bearer token" if header or bearer or kind in {"oauth2", "openIdConnect"} else None


def _same_names(old: Document, new: Document, olds: dict[str, str], news: dict[str, str]) -> dict[str, str]:
    """Return the old name of each new scheme: the equal one, or one with the same form on the wire."""
    names = {name: name for name in news}
    for alike in (_sense, _carrier):
        for name in sorted(news.keys() - olds.keys()):
            if names[name] != name:
                continue
            sent = alike(as_object(new.at(news[name])))
            free = sorted(olds.keys() - news.keys() - set(names.values()))
            twin = next((other for other in free if alike(as_object(old.at(olds[other]))) == sent), None)
            if twin is not None and sent is not None:
                names[name] = twin
    return names


def _alternatives(
    content: dict[str, Json], root: dict[str, Json], names: dict[str, str]
) -> list[Alternative]:
    """Return the accepted alternatives of an operation; an empty one allows a call without credentials."""
    stated = content["security"] if "security" in content else root.get("security")
    found: list[Alternative] = [
        frozenset(
            (names.get(name, name), frozenset(map(str, as_list(scopes))))
            for name, scopes in as_object(requirement).items()
        )
        for requirement in as_list(stated)
    ]
    return found or [frozenset()]


def _enough(asked: Alternative, had: Alternative) -> bool:
    """Return True if the credentials for one alternative are sufficient for another."""
    given = dict(had)
    return all(name in given and scopes <= given[name] for name, scopes in asked)


def _words(alternative: Alternative) -> str:
    if not alternative:
        return "nothing"
    return " and ".join(
        name + (f" ({', '.join(sorted(scopes))})" if scopes else "")
        for name, scopes in sorted(alternative, key=lambda pair: pair[0])
    )


def _value(alternative: Alternative) -> Json:
    return {name: sorted(scopes) for name, scopes in sorted(alternative, key=lambda pair: pair[0])}


def _differences(ours: list[Alternative], theirs: list[Alternative], *, gone: bool) -> Iterator[Difference]:
    """Yield the alternatives that one document accepts and the other does not.

    Args:
        ours: The alternatives of one document.
        theirs: The alternatives of the other document.
        gone: True if the first one is the old document.
    """
    for each in ours:
        if any(_enough(other, each) for other in theirs):
            continue
        given = dict(each)
        nearest = next((other for other in theirs if dict(other).keys() == given.keys()), None)
        if not each:
            asked = " or ".join(map(_words, theirs))
            rule, clause = (
                (
                    "security-requirement-added",
                    f"a call without credentials is rejected now; {asked} is required",
                )
                if gone
                else ("security-requirement-removed", "a call without credentials is accepted now")
            )
        elif nearest is not None:
            scopes = ", ".join(sorted({scope for name, had in nearest for scope in had - given[name]}))
            rule, clause = (
                ("security-scope-added", f"the scope {scopes} is required now")
                if gone
                else ("security-scope-removed", f"the scope {scopes} is not required any more")
            )
        else:
            rule, clause = (
                (
                    "security-alternative-removed",
                    f"credentials for {_words(each)} are not sufficient any more",
                )
                if gone
                else ("security-alternative-added", f"credentials for {_words(each)} are accepted now")
            )
        mine, other = _value(each), None if nearest is None else _value(nearest)
        yield (rule, mine, other, clause) if gone else (rule, other, mine, clause)


def _stated_at(place: str, content: dict[str, Json], root: dict[str, Json]) -> str:
    return f"{place}/security" if "security" in content else "/security" if "security" in root else place


def _security(old: Document, new: Document, operations: list[Operation], findings: Findings) -> None:
    olds, news = _definitions(old), _definitions(new)
    names = _same_names(old, new, olds, news)
    users: dict[str, list[Operation]] = {}
    seen: dict[tuple[str, ...], list[Difference]] = {}
    for operation in operations:
        if operation.old is None or operation.new is None:
            continue
        was, now = as_object(old.at(operation.old)), as_object(new.at(operation.new))
        before, after = _alternatives(was, old.root, {}), _alternatives(now, new.root, names)
        for name in {name for alternative in (*before, *after) for name, _ in alternative}:
            users.setdefault(name, []).append(operation)
        key = (*sorted(map(str, map(_value, before))), "|", *sorted(map(str, map(_value, after))))
        if key not in seen:
            seen[key] = [*_differences(before, after, gone=True), *_differences(after, before, gone=False)]
        at = _stated_at(operation.old, was, old.root), _stated_at(operation.new, now, new.root)
        for rule, former, present, clause in seen[key]:
            findings.say(
                rule,
                "request",
                former,
                present,
                clause,
                at=at,
                part="security",
                subject=clause,
                operation=operation,
            )
    places = {names[name]: place for name, place in news.items()}
    for name in sorted(olds.keys() | places.keys()):
        stated = olds.get(name), places.get(name)
        place = _Place(findings, stated, "security scheme")
        former, present = ({name: side} if side is not None else {} for side in stated)
        for _, was_at, now_at in place.pairs("security-scheme", former, present, "the security scheme {}"):
            place = _Place(findings, stated, f"security scheme {name}", users.get(name, ()))
            _scheme(place, as_object(old.at(was_at)), as_object(new.at(now_at)))


def _scheme(place: _Place, was: dict[str, Json], now: dict[str, Json]) -> None:
    kind, other = was.get("type"), now.get("type")
    carrier = _carrier(was)
    if carrier is not None and carrier == _carrier(now) and kind != other:
        # the flows were added to or removed from the description
        clause = f"it is described as {other} instead of {kind}; the same {carrier} is sent"
        place.say("security-scheme-rewritten", kind, other, clause)
    else:
        for keyword in ("type", "in", "name", "scheme"):
            former, present = was.get(keyword), now.get(keyword)
            if keyword == "scheme" or (keyword == "name" and was.get("in") == "header"):
                former = former.lower() if isinstance(former, str) else former
                present = present.lower() if isinstance(present, str) else present
            if former != present:
                clause = f"its `{keyword}` changed from {token(former)} to {token(present)}"
                place.say("security-scheme-changed", former, present, clause)
        addresses = {"openIdConnectUrl": "security-scheme-address-changed"}
        place.keywords(addresses, was, now, "its `{}` changed")
        _flows(place, as_object(was.get("flows")), as_object(now.get("flows")))
    place.keywords(_SCHEME_TEXTS, was, now, "its {} changed")


def _flows(place: _Place, olds: dict[str, Json], news: dict[str, Json]) -> None:
    former, present = (
        {name: flow for name, flow in side.items() if not name.startswith("x-")} for side in (olds, news)
    )
    for flow, was, now in place.pairs("security-scheme-flow", former, present, "the flow {}", named=False):
        before, after = as_object(was), as_object(now)
        place.keywords(_FLOW_ADDRESSES, before, after, f"the `{{}}` of the flow {flow} changed")
        for scope, text, other in place.pairs(
            "security-scheme-scope",
            as_object(before.get("scopes")),
            as_object(after.get("scopes")),
            f"the scope {{}} of the flow {flow}",
            named=False,
        ):
            if token(text) != token(other):
                clause = f"the description of the scope {scope} changed"
                place.say("security-scheme-description-changed", text, other, clause)


# --- servers ------------------------------------------------------------------------------------------------------


def _servers(
    document: Document, operation: str | None, path: str | None
) -> tuple[str, list[dict[str, Json]]]:
    """Return the servers of an operation, and the pointer to their list."""
    for place in (operation, path, ""):
        if place is None:
            continue
        listed = as_list(as_object(document.at(place)).get("servers"))
        if listed:
            return f"{place}/servers", [as_object(server) for server in listed]
    return "", [{"url": "/"}]


def _compare_servers(old: Document, new: Document, operations: list[Operation], findings: Findings) -> None:
    groups: dict[tuple[str, str], list[Operation]] = {}
    for operation in operations:
        if operation.old is None or operation.new is None:
            continue
        was = _servers(old, operation.old, operation.old_path)[0]
        now = _servers(new, operation.new, operation.new_path)[0]
        groups.setdefault((was, now), []).append(operation)
    if not groups:
        groups[_servers(old, None, None)[0], _servers(new, None, None)[0]] = []
    for (was, now), concerned in groups.items():
        place = _Place(findings, (was, now), "servers", concerned)
        before = _by_address(as_list(old.at(was)) if was else [{"url": "/"}])
        after = _by_address(as_list(new.at(now)) if now else [{"url": "/"}])
        for address, one, other in place.pairs("server", before, after, "the server {}", key="url"):
            former, present = as_object(one), as_object(other)
            place.keywords(
                {"description": "server-description-changed"},
                former,
                present,
                f"the {{}} of the server {address} changed",
                address,
            )
            if _variables(former) != _variables(present):
                place.say(
                    "server-variable-changed",
                    former.get("variables"),
                    present.get("variables"),
                    f"the variables of the server {address} changed",
                    address,
                )


def _by_address(servers: list[Json]) -> dict[str, Json]:
    # a trailing slash does not change the address
    return {
        str(as_object(server).get("url", "/")).rstrip("/") or "/": as_object(server) for server in servers
    }


def _variables(server: dict[str, Json]) -> str:
    return token(
        {
            name: {
                "default": as_object(variable).get("default"),
                "enum": sorted(map(str, as_list(as_object(variable).get("enum")))),
            }
            for name, variable in as_object(server.get("variables")).items()
        }
    )


def compare_access(old: Document, new: Document, operations: list[Operation], findings: Findings) -> None:
    """Compare security and servers."""
    _security(old, new, operations, findings)
    _compare_servers(old, new, operations, findings)


# --- info and tags ------------------------------------------------------------------------------------------------


def compare_surroundings(old: Document, new: Document, findings: Findings) -> None:
    """Compare info, tags and the link to documentation."""
    was, now = as_object(old.root.get("info")), as_object(new.root.get("info"))
    info = _Place(findings, ("/info", "/info"), "info")
    version = "`info.{}` changed" + f" from {was.get('version')} to {now.get('version')}"
    info.keywords({"version": "info-version-changed"}, was, now, version, "{}")
    info.keywords(_INFO, was, now, "`info.{}` changed", "{}")
    root = _Place(findings, ("", ""), "info")
    link = {"externalDocs": "external-docs-changed"}
    root.keywords(link, old.root, new.root, "the link to documentation changed", "")
    for keyword, former, present in changed_keywords(old.root, new.root, KNOWN):
        root.say("document-keyword-changed", former, present, f"`{keyword}` of the document changed", keyword)
    olds, news = (
        {str(as_object(tag).get("name")): tag for tag in as_list(document.root.get("tags"))}
        for document in (old, new)
    )
    at = ("/tags" if "tags" in old.root else "", "/tags" if "tags" in new.root else "")
    tags = _Place(findings, at, "tags")
    for name, former, present in tags.pairs("tag", olds, news, "the tag {}"):
        tags.keywords(
            _TAG_TEXTS,
            as_object(former),
            as_object(present),
            f"the {{}} of the tag {name} changed",
            f"{name}.{{}}",
        )
