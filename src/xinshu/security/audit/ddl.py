"""The tables of the audit in SQL, and what protects them: rights, and triggers that hold for the owner too.

What the application may not do is refused by the database itself: it may insert entries (without choosing their number,
their transaction or the time of storing) and read; nobody updates, deletes or truncates. The one way out is the purge of
rows older than the law asks for (`security_audit_purge`), and only of blocks for which a stub is stored.
Source: security.md section 6; 网络安全法 and the duty to keep query records, see docs/audit.md.
"""

from __future__ import annotations

from xinshu.security.roles import APP_ROLE

KEPT_YEARS = 3
_TABLES = ("entry", "link", "block", "stub")
_COLUMNS = (
    "at, actor, role, unit, address, action, object_ref, ticket, purpose, outcome, code, before_digest, after_digest,"
    " trace, detail"
)

TABLES = """
CREATE TABLE security_audit_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stored_at timestamptz NOT NULL DEFAULT now(),
    xact bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    at timestamptz NOT NULL,
    actor text NOT NULL, role text NOT NULL, unit text NOT NULL, address text NOT NULL,
    action text NOT NULL CHECK (action <> ''),
    object_ref bytea NOT NULL CHECK (octet_length(object_ref) IN (0, 16)),
    ticket text NOT NULL, purpose text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('done', 'refused', 'failed')),
    code text NOT NULL, before_digest text NOT NULL, after_digest text NOT NULL, trace text NOT NULL, detail text NOT NULL
);
CREATE INDEX security_audit_entry_object ON security_audit_entry (object_ref, id) WHERE object_ref <> '';
CREATE INDEX security_audit_entry_ticket ON security_audit_entry (ticket, id) WHERE ticket <> '';
CREATE INDEX security_audit_entry_actor ON security_audit_entry (actor, id);
CREATE INDEX security_audit_entry_at ON security_audit_entry USING brin (at) WITH (autosummarize = on);
CREATE INDEX security_audit_entry_xact ON security_audit_entry USING brin (xact) WITH (autosummarize = on);
CREATE TABLE security_audit_link (
    seq bigint PRIMARY KEY,
    entry_id bigint NOT NULL UNIQUE,
    block bigint NOT NULL,
    chain bytea NOT NULL
);
CREATE TABLE security_audit_block (
    number bigint PRIMARY KEY,
    first_seq bigint NOT NULL UNIQUE,
    last_seq bigint NOT NULL UNIQUE CHECK (last_seq >= first_seq),
    sealed_at timestamptz NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now(),
    head text NOT NULL,
    signature text NOT NULL
);
CREATE TABLE security_audit_stub (
    first_block bigint PRIMARY KEY,
    last_block bigint NOT NULL UNIQUE CHECK (last_block >= first_block),
    stored_at timestamptz NOT NULL DEFAULT now(),
    statement text NOT NULL,
    signature text NOT NULL
);
CREATE TABLE security_audit_watch (
    id smallint PRIMARY KEY CHECK (id = 1),
    checked_at timestamptz,
    fresh_until timestamptz,
    anchored_block bigint NOT NULL,
    settled_xact bigint NOT NULL
);
INSERT INTO security_audit_watch VALUES (1, NULL, NULL, 0, 0);
"""

_EXPIRED = f"now() - interval '{KEPT_YEARS} years'"

PROTECTION = (
    f"""
CREATE FUNCTION security_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: the audit record is only added to', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
END $$;
CREATE FUNCTION security_audit_expired(block_number bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM security_audit_stub WHERE block_number BETWEEN first_block AND last_block)
       AND (SELECT stored_at < {_EXPIRED} FROM security_audit_block WHERE number = block_number)
$$;
CREATE FUNCTION security_audit_refuse_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.stored_at < {_EXPIRED} AND security_audit_expired((SELECT block FROM security_audit_link WHERE entry_id = OLD.id))
    THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'DELETE of an audit entry is refused' USING ERRCODE = '42501';
END $$;
CREATE FUNCTION security_audit_refuse_link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF security_audit_expired(OLD.block) AND NOT EXISTS (SELECT FROM security_audit_entry WHERE id = OLD.entry_id)
    THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'DELETE of an audit link is refused' USING ERRCODE = '42501';
END $$;
CREATE FUNCTION security_audit_purge(from_block bigint, to_block bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE gone bigint;
BEGIN
    DELETE FROM security_audit_entry e USING security_audit_link l
        WHERE l.entry_id = e.id AND l.block BETWEEN from_block AND to_block;
    DELETE FROM security_audit_link WHERE block BETWEEN from_block AND to_block;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION security_audit_purge(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION security_audit_purge(bigint, bigint) TO {APP_ROLE};
CREATE TRIGGER refuse_delete BEFORE DELETE ON security_audit_entry FOR EACH ROW
    EXECUTE FUNCTION security_audit_refuse_entry();
CREATE TRIGGER refuse_delete BEFORE DELETE ON security_audit_link FOR EACH ROW
    EXECUTE FUNCTION security_audit_refuse_link();
CREATE TRIGGER refuse_delete BEFORE DELETE ON security_audit_block FOR EACH ROW EXECUTE FUNCTION security_audit_refuse();
CREATE TRIGGER refuse_delete BEFORE DELETE ON security_audit_stub FOR EACH ROW EXECUTE FUNCTION security_audit_refuse();
"""
    + "".join(
        f"CREATE TRIGGER refuse_update BEFORE UPDATE ON security_audit_{table} FOR EACH ROW"
        " EXECUTE FUNCTION security_audit_refuse();\n"
        f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON security_audit_{table}"
        " EXECUTE FUNCTION security_audit_refuse();\n"
        for table in _TABLES
    )
    + "".join(f"REVOKE ALL ON security_audit_{table} FROM {APP_ROLE};\n" for table in (*_TABLES, "watch"))
    + f"""
GRANT SELECT ON {", ".join(f"security_audit_{table}" for table in (*_TABLES, "watch"))} TO {APP_ROLE};
GRANT INSERT ({_COLUMNS}) ON security_audit_entry TO {APP_ROLE};
GRANT INSERT ON security_audit_link TO {APP_ROLE};
GRANT INSERT (number, first_seq, last_seq, sealed_at, head, signature) ON security_audit_block TO {APP_ROLE};
GRANT INSERT (first_block, last_block, statement, signature) ON security_audit_stub TO {APP_ROLE};
GRANT UPDATE ON security_audit_watch TO {APP_ROLE};
"""
)

UNDO = (
    "DROP TABLE security_audit_entry, security_audit_link, security_audit_block, security_audit_stub,"
    " security_audit_watch; DROP FUNCTION security_audit_purge(bigint, bigint), security_audit_refuse(),"
    " security_audit_refuse_entry(), security_audit_refuse_link(), security_audit_expired(bigint);"
)
