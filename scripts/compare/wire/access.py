"""Compare who may call and where: security and servers, and what stands around the operations: info and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from scripts.compare.wire.findings import changed_keywords
from scripts.compare.wire.shapes import token
from scripts.descriptions.values import Json, as_list, as_object

if TYPE_CHECKING:
    from scripts.compare.wire.documents import Document
    from scripts.compare.wire.findings import Findings, Operation

__all__ = ["compare_access", "compare_surroundings"]

# what the rest of the comparison looks at; the version of OpenAPI itself says nothing about the API
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

Alternative: TypeAlias = frozenset[tuple[str, frozenset[str]]]


# --- security -----------------------------------------------------------------------------------------------------


def _definitions(document: Document) -> dict[str, str]:
    """Give the location of each security scheme by its name."""
    schemes = as_object(as_object(document.root.get("components")).get("securitySchemes"))
    return {name: document.follow(f"/components/securitySchemes/{_escaped(name)}") for name in schemes}


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _sense(scheme: dict[str, Json]) -> str:
    """Write down what a scheme asks for, without its texts."""
    content = {
        key: value for key, value in scheme.items() if key != "description" and not key.startswith("x-")
    }
    if isinstance(content.get("scheme"), str):
        content["scheme"] = content["scheme"].lower()
    content.pop("bearerFormat", None)
    return token(content)


def _carrier(scheme: dict[str, Json]) -> str | None:
    """Return what a scheme sends if that is a bearer token in `Authorization`, which can be described in four ways."""
    kind = scheme.get("type")
    header = (
        kind == "apiKey"
        and scheme.get("in") == "header"
        and str(scheme.get("name")).lower() == "authorization"
    )
    bearer = kind == "http" and str(scheme.get("scheme")).lower() == "bearer"
    return "bearer token" if header or bearer or kind in {"oauth2", "openIdConnect"} else None


def _same_names(old: Document, new: Document, olds: dict[str, str], news: dict[str, str]) -> dict[str, str]:
    """Return the former name of each present scheme: of the one that is written alike, or else is sent alike."""
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
    """Give the alternatives that an operation accepts; the empty one stands for a call without credentials."""
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
    """Tell whether credentials for one alternative are enough for another."""
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


def _security_rules(olds: list[Alternative], news: list[Alternative]) -> list[tuple[str, Json, Json, str]]:
    found: list[tuple[str, Json, Json, str]] = []
    for had in olds:
        if any(_enough(asked, had) for asked in news):
            continue
        names = {name for name, _ in had}
        nearest = next((asked for asked in news if {name for name, _ in asked} == names), None)
        if not had:
            rule = "security-requirement-added"
            clause = (
                f"a call without credentials is refused now; {' or '.join(map(_words, news))} is asked for"
            )
        elif nearest is not None:
            before = dict(had)
            more = sorted({scope for name, scopes in nearest for scope in scopes - before[name]})
            rule, clause = "security-scope-added", f"the scope {', '.join(more)} is asked for now"
        else:
            rule, clause = (
                "security-alternative-removed",
                f"credentials for {_words(had)} are not enough any more",
            )
        found.append((rule, _value(had), _value(nearest) if nearest is not None else None, clause))
    for asked in news:
        if any(_enough(had, asked) for had in olds):
            continue
        names = {name for name, _ in asked}
        nearest = next((had for had in olds if {name for name, _ in had} == names), None)
        if not asked:
            rule, clause = "security-requirement-removed", "a call without credentials is accepted now"
        elif nearest is not None:
            present = dict(asked)
            fewer = sorted({scope for name, scopes in nearest for scope in scopes - present[name]})
            rule, clause = "security-scope-removed", f"the scope {', '.join(fewer)} is not asked for any more"
        else:
            rule, clause = "security-alternative-added", f"credentials for {_words(asked)} are accepted now"
        found.append((rule, _value(nearest) if nearest is not None else None, _value(asked), clause))
    return found


def _security(old: Document, new: Document, operations: list[Operation], findings: Findings) -> None:
    olds, news = _definitions(old), _definitions(new)
    names_old = {name: name for name in olds}
    names_new = _same_names(old, new, olds, news)
    users: dict[str, list[Operation]] = {}
    seen: dict[tuple[str, ...], list[tuple[str, Json, Json, str]]] = {}
    for operation in operations:
        if operation.old is None or operation.new is None:
            continue
        was, now = as_object(old.at(operation.old)), as_object(new.at(operation.new))
        before = _alternatives(was, old.root, names_old)
        after = _alternatives(now, new.root, names_new)
        for alternative in (*before, *after):
            for name, _ in alternative:
                concerned = users.setdefault(name, [])
                if operation not in concerned[-1:]:
                    concerned.append(operation)
        key = (*sorted(map(str, map(_value, before))), "|", *sorted(map(str, map(_value, after))))
        if key not in seen:
            seen[key] = _security_rules(before, after)
        at = (
            f"{operation.old}/security"
            if "security" in was
            else "/security"
            if "security" in old.root
            else operation.old,
            f"{operation.new}/security"
            if "security" in now
            else "/security"
            if "security" in new.root
            else operation.new,
        )
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
    same = {names_new[name]: name for name in news}
    for name in sorted(olds.keys() | {names_new[other] for other in news}):
        was_at, now_at = olds.get(name), news.get(same[name]) if name in same else None
        if was_at is None or now_at is None:
            verb = "added" if was_at is None else "removed"
            findings.say(
                f"security-scheme-{verb}",
                "request",
                None if was_at is None else name,
                None if now_at is None else name,
                f"the security scheme {name} was {verb}",
                at=(was_at, now_at),
                part="security scheme",
                subject=name,
            )
        else:
            _scheme(
                name,
                (was_at, now_at),
                as_object(old.at(was_at)),
                as_object(new.at(now_at)),
                users.get(name, []),
                findings,
            )


def _scheme(  # noqa: C901, PLR0912, PLR0917 - one case after the other; called from here only, always alike
    name: str,
    at: tuple[str, str],
    was: dict[str, Json],
    now: dict[str, Json],
    users: list[Operation],
    findings: Findings,
) -> None:
    def say(rule: str, old: Json, new: Json, clause: str) -> None:
        findings.say(
            rule,
            "request",
            old,
            new,
            clause,
            at=at,
            part=f"security scheme {name}",
            subject=clause,
            operations=users,
        )

    carrier = _carrier(was)
    rewritten = carrier is not None and carrier == _carrier(now) and was.get("type") != now.get("type")
    if rewritten:
        say(
            "security-scheme-rewritten",
            was.get("type"),
            now.get("type"),
            f"it is described as {now.get('type')} instead of {was.get('type')}; the same {carrier} is sent",
        )
    for keyword in () if rewritten else ("type", "in", "name", "scheme"):
        former, present = was.get(keyword), now.get(keyword)
        if keyword == "scheme" or (keyword == "name" and was.get("in") == "header"):
            former = former.lower() if isinstance(former, str) else former
            present = present.lower() if isinstance(present, str) else present
        if former != present:
            say(
                "security-scheme-changed",
                former,
                present,
                f"its `{keyword}` changed from {token(former)} to {token(present)}",
            )
    if not rewritten and was.get("openIdConnectUrl") != now.get("openIdConnectUrl"):
        say(
            "security-scheme-address-changed",
            was.get("openIdConnectUrl"),
            now.get("openIdConnectUrl"),
            "its `openIdConnectUrl` changed",
        )
    for keyword in ("description", "bearerFormat"):
        if token(was.get(keyword)) != token(now.get(keyword)):
            say(
                "security-scheme-description-changed",
                was.get(keyword),
                now.get(keyword),
                f"its {keyword} changed",
            )
    if rewritten:
        return  # how tokens are obtained is described for the first time, or not any more
    flows, present_flows = as_object(was.get("flows")), as_object(now.get("flows"))
    for flow in sorted(flows.keys() | present_flows.keys()):
        if flow.startswith("x-"):
            continue
        if flow not in present_flows:
            say("security-scheme-flow-removed", flow, None, f"the flow {flow} was removed")
        elif flow not in flows:
            say("security-scheme-flow-added", None, flow, f"the flow {flow} was added")
        else:
            before, after = as_object(flows[flow]), as_object(present_flows[flow])
            for keyword in ("authorizationUrl", "tokenUrl", "refreshUrl"):
                if before.get(keyword) != after.get(keyword):
                    say(
                        "security-scheme-address-changed",
                        before.get(keyword),
                        after.get(keyword),
                        f"the `{keyword}` of the flow {flow} changed",
                    )
            scopes, present_scopes = as_object(before.get("scopes")), as_object(after.get("scopes"))
            for scope in sorted(scopes.keys() | present_scopes.keys()):
                if scope not in present_scopes:
                    say(
                        "security-scheme-scope-removed",
                        scope,
                        None,
                        f"the scope {scope} of the flow {flow} was removed",
                    )
                elif scope not in scopes:
                    say(
                        "security-scheme-scope-added",
                        None,
                        scope,
                        f"the scope {scope} of the flow {flow} was added",
                    )
                elif scopes[scope] != present_scopes[scope]:
                    say(
                        "security-scheme-description-changed",
                        scopes[scope],
                        present_scopes[scope],
                        f"the text of the scope {scope} changed",
                    )


# --- servers ------------------------------------------------------------------------------------------------------


def _servers(
    document: Document, operation: str | None, path: str | None
) -> tuple[str, list[dict[str, Json]]]:
    """Give the servers of an operation, and where they are listed."""
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
        at = (was, now)
        before = _by_address(as_list(old.at(was)) if was else [{"url": "/"}])
        after = _by_address(as_list(new.at(now)) if now else [{"url": "/"}])
        for address in sorted(before.keys() | after.keys()):
            former, present = before.get(address), after.get(address)
            if former is None or present is None:
                verb = "added" if former is None else "removed"
                findings.say(
                    f"server-{verb}",
                    "request",
                    None if former is None else former.get("url"),
                    None if present is None else present.get("url"),
                    f"the server {address} was {verb}",
                    at=at,
                    part="servers",
                    subject=address,
                    operations=concerned,
                )
                continue
            if token(former.get("description")) != token(present.get("description")):
                findings.say(
                    "server-description-changed",
                    "request",
                    former.get("description"),
                    present.get("description"),
                    f"the description of the server {address} changed",
                    at=at,
                    part="servers",
                    subject=address,
                    operations=concerned,
                )
            if _variables(former) != _variables(present):
                findings.say(
                    "server-variable-changed",
                    "request",
                    former.get("variables"),
                    present.get("variables"),
                    f"the variables of the server {address} changed",
                    at=at,
                    part="servers",
                    subject=address,
                    operations=concerned,
                )


def _by_address(servers: list[Json]) -> dict[str, dict[str, Json]]:
    # with and without a slash at the end it is the same address
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


def _compare_keywords(old: Document, new: Document, findings: Findings) -> None:
    for keyword, was, now in changed_keywords(old.root, new.root, KNOWN):
        findings.say(
            "document-keyword-changed",
            "request",
            was,
            now,
            f"`{keyword}` of the document changed",
            at=("", ""),
            part="info",
            subject=keyword,
        )


def compare_surroundings(old: Document, new: Document, findings: Findings) -> None:
    """Compare info, tags and the link to documentation."""
    was, now = as_object(old.root.get("info")), as_object(new.root.get("info"))
    rows = {
        "version": "info-version-changed",
        "title": "info-changed",
        "contact": "info-changed",
        "license": "info-changed",
        "termsOfService": "info-changed",
        "summary": "info-description-changed",
        "description": "info-description-changed",
    }
    for keyword, rule in rows.items():
        if token(was.get(keyword)) != token(now.get(keyword)):
            findings.say(
                rule,
                "request",
                was.get(keyword),
                now.get(keyword),
                f"`info.{keyword}` changed"
                + (f" from {was.get(keyword)} to {now.get(keyword)}" if keyword == "version" else ""),
                at=("/info", "/info"),
                part="info",
                subject=keyword,
            )
    if token(old.root.get("externalDocs")) != token(new.root.get("externalDocs")):
        findings.say(
            "external-docs-changed",
            "request",
            old.root.get("externalDocs"),
            new.root.get("externalDocs"),
            "the link to documentation changed",
            at=("", ""),
            part="info",
        )
    _compare_keywords(old, new, findings)
    olds = {str(as_object(tag).get("name")): as_object(tag) for tag in as_list(old.root.get("tags"))}
    news = {str(as_object(tag).get("name")): as_object(tag) for tag in as_list(new.root.get("tags"))}
    at = ("/tags" if "tags" in old.root else "", "/tags" if "tags" in new.root else "")
    for name in sorted(olds.keys() | news.keys()):
        if name not in news or name not in olds:
            verb = "added" if name in news else "removed"
            findings.say(
                f"tag-{verb}",
                "request",
                name if name in olds else None,
                name if name in news else None,
                f"the tag {name} was {verb}",
                at=at,
                part="tags",
                subject=name,
            )
            continue
        for keyword in ("description", "externalDocs", "summary"):
            if token(olds[name].get(keyword)) != token(news[name].get(keyword)):
                findings.say(
                    "tag-description-changed",
                    "request",
                    olds[name].get(keyword),
                    news[name].get(keyword),
                    f"the {keyword} of the tag {name} changed",
                    at=at,
                    part="tags",
                    subject=f"{name}.{keyword}",
                )
