"""the first tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_email", sa.String(length=320), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("details", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_at"), ["at"], unique=False)

    op.create_table(
        "connection",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("crm", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("org_id", sa.String(length=32), nullable=False),
        sa.Column("base_url", sa.String(length=300), nullable=False),
        sa.Column("api_version", sa.String(length=10), nullable=False),
        sa.Column("syncs_enabled", sa.Boolean(), nullable=False),
        sa.Column("auth_flow", sa.String(length=30), nullable=False),
        sa.Column("client_id", sa.String(length=300), nullable=False),
        sa.Column("client_secret_sealed", sa.Text(), nullable=False),
        sa.Column("refresh_token_sealed", sa.Text(), nullable=False),
        sa.Column("access_token_sealed", sa.Text(), nullable=False),
        sa.Column("token_version", sa.Integer(), nullable=False),
        sa.Column("token_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refreshing_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("integration_user_id", sa.String(length=32), nullable=False),
        sa.Column("canvas_secret_sealed", sa.Text(), nullable=False),
        sa.Column("hint_secret_sealed", sa.Text(), nullable=False),
        sa.Column("launch_issuer", sa.String(length=300), nullable=False),
        sa.Column("launch_certificate", sa.Text(), nullable=False),
        sa.Column("host_origins", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("allowed_emails", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("broken_code", sa.String(length=60), nullable=False),
        sa.Column("broken_message", sa.Text(), nullable=False),
        sa.Column("broken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("interrupted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clock_offset_seconds", sa.Double(), nullable=False),
        sa.Column("calls_used", sa.Integer(), nullable=True),
        sa.Column("calls_allowed", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection")),
        sa.UniqueConstraint("crm", "org_id", name=op.f("uq_connection_crm_org_id")),
    )
    op.create_table(
        "custom_field",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("field_type", sa.String(length=20), nullable=False),
        sa.Column("options", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_field")),
        sa.UniqueConstraint("kind", "name", name=op.f("uq_custom_field_kind_name")),
    )
    op.create_table(
        "custom_kind",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_custom_kind")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "run_key",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("forget_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_run_key")),
    )
    with op.batch_alter_table("run_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_run_key_forget_at"), ["forget_at"], unique=False)

    op.create_table(
        "local_record",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("values", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("provenance", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_local_record")),
    )
    with op.batch_alter_table("local_record", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_local_record_kind"), ["kind"], unique=False)

    op.create_table(
        "setup_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setup_version")),
    )
    op.execute("INSERT INTO setup_version (id, version) VALUES (1, 0)")
    op.create_table(
        "used_proof",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("forget_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_used_proof")),
    )
    with op.batch_alter_table("used_proof", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_used_proof_forget_at"), ["forget_at"], unique=False)

    op.create_table(
        "user_account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("email", name=op.f("uq_user_account_email")),
    )
    op.create_table(
        "api_usage",
        sa.Column("connection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_api_usage_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("connection_id", "day", name=op.f("pk_api_usage")),
    )
    op.create_table(
        "launch_ticket",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("connection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("admission", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("forget_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_launch_ticket_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_launch_ticket")),
    )
    with op.batch_alter_table("launch_ticket", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_launch_ticket_forget_at"), ["forget_at"], unique=False)

    op.create_table(
        "crm_record",
        sa.Column("connection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("crm_record_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("values", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("modified_by", sa.String(length=200), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("synced_stamp_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("synced_as_deleted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_crm_record_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("connection_id", "object", "crm_record_id", name=op.f("pk_crm_record")),
    )
    op.create_table(
        "describe_cache",
        sa.Column("connection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("fields", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("last_modified", sa.String(length=60), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_describe_cache_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("connection_id", "object", name=op.f("pk_describe_cache")),
    )
    op.create_table(
        "people_cache",
        sa.Column("connection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("people", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_people_cache_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_people_cache")),
    )
    op.create_table(
        "object_mapping",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("connection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("object_label", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("inbound", sa.Boolean(), nullable=False),
        sa.Column("outbound", sa.Boolean(), nullable=False),
        sa.Column("may_create_here", sa.Boolean(), nullable=False),
        sa.Column("may_update_here", sa.Boolean(), nullable=False),
        sa.Column("may_create_there", sa.Boolean(), nullable=False),
        sa.Column("may_update_there", sa.Boolean(), nullable=False),
        sa.Column("needs_email", sa.Boolean(), nullable=False),
        sa.Column("makes_accounts", sa.Boolean(), nullable=False),
        sa.Column("reps_may_set_rules", sa.Boolean(), nullable=False),
        sa.Column("duplicate_handling", sa.String(length=20), nullable=False),
        sa.Column("filter", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("when_deleted_there", sa.String(length=10), nullable=False),
        sa.Column("paused_reason", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_object_mapping_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_object_mapping")),
        sa.UniqueConstraint("connection_id", "object", name=op.f("uq_object_mapping_connection_id_object")),
    )
    op.create_table(
        "record_key",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("local_record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("value", sa.String(length=400), nullable=False),
        sa.ForeignKeyConstraint(
            ["local_record_id"],
            ["local_record.id"],
            name=op.f("fk_record_key_local_record_id_local_record"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_key")),
    )
    with op.batch_alter_table("record_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_record_key_local_record_id"), ["local_record_id"], unique=False)
        batch_op.create_index("ix_record_key_lookup", ["kind", "key", "value"], unique=False)

    op.create_table(
        "record_link",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("connection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("crm_record_id", sa.String(length=40), nullable=False),
        sa.Column("local_record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("base", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("matched_by", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("synced_by", sa.String(length=200), nullable=False),
        sa.Column("deleted_ours_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("open_conflicts", sa.Integer(), nullable=False),
        sa.Column("own_write_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_before_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_record_link_connection_id_connection")
        ),
        sa.ForeignKeyConstraint(
            ["local_record_id"], ["local_record.id"], name=op.f("fk_record_link_local_record_id_local_record")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_link")),
        sa.UniqueConstraint(
            "connection_id", "object", "crm_record_id", name=op.f("uq_record_link_connection_id_object_crm_record_id")
        ),
        sa.UniqueConstraint(
            "connection_id",
            "object",
            "local_record_id",
            name=op.f("uq_record_link_connection_id_object_local_record_id"),
        ),
    )
    with op.batch_alter_table("record_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_record_link_local_record_id"), ["local_record_id"], unique=False)

    op.create_table(
        "keep_apart",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("connection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("crm_record_id", sa.String(length=40), nullable=False),
        sa.Column("local_record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_keep_apart_connection_id_connection")
        ),
        sa.ForeignKeyConstraint(
            ["local_record_id"],
            ["local_record.id"],
            name=op.f("fk_keep_apart_local_record_id_local_record"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keep_apart")),
        sa.UniqueConstraint(
            "connection_id",
            "object",
            "crm_record_id",
            "local_record_id",
            name="uq_keep_apart_pair",
        ),
    )
    with op.batch_alter_table("keep_apart", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_keep_apart_local_record_id"), ["local_record_id"], unique=False)

    op.create_table(
        "sync_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("connection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=14), nullable=False),
        sa.Column("trigger", sa.String(length=10), nullable=False),
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("crm_record_id", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("requested_by", sa.String(length=200), nullable=False),
        sa.Column("requested_by_id", sa.String(length=40), nullable=False),
        sa.Column("readable_fields", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("editable_fields", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("chosen_local_record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("local_record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("undoes_entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("undoes_field", sa.String(length=80), nullable=True),
        sa.Column("undoes_run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("previewed", sa.String(length=64), nullable=False),
        sa.Column("choices", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("shown", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("followers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("asked_again", sa.Boolean(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resume_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enqueue_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("created_count", sa.Integer(), nullable=False),
        sa.Column("updated_count", sa.Integer(), nullable=False),
        sa.Column("unchanged_count", sa.Integer(), nullable=False),
        sa.Column("skipped_count", sa.Integer(), nullable=False),
        sa.Column("failed_count", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_sync_run_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_run")),
    )
    with op.batch_alter_table("sync_run", schema=None) as batch_op:
        batch_op.create_index("ix_sync_run_due", ["status", "enqueue_at"], unique=False)
        batch_op.create_index("ix_sync_run_record", ["connection_id", "object", "crm_record_id", "id"], unique=False)
        batch_op.create_index(
            "uq_sync_run_open_single",
            ["connection_id", "object", "crm_record_id"],
            unique=True,
            sqlite_where=sa.text("kind = 'single' AND status IN ('queued', 'running')"),
            postgresql_where=sa.text("kind = 'single' AND status IN ('queued', 'running')"),
        )
        batch_op.create_index(
            "uq_sync_run_open_push",
            ["connection_id", "object", "local_record_id"],
            unique=True,
            sqlite_where=sa.text("kind = 'push' AND status IN ('queued', 'running')"),
            postgresql_where=sa.text("kind = 'push' AND status IN ('queued', 'running')"),
        )

    op.create_table(
        "creation_claim",
        sa.Column("connection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_creation_claim_connection_id_connection")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["sync_run.id"], name=op.f("fk_creation_claim_run_id_sync_run")),
        sa.PrimaryKeyConstraint("connection_id", "scope", "key", name=op.f("pk_creation_claim")),
    )
    with op.batch_alter_table("creation_claim", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_creation_claim_run_id"), ["run_id"], unique=False)

    op.create_table(
        "field_mapping",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("object_mapping_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("crm_field", sa.String(length=120), nullable=False),
        sa.Column("local_field", sa.String(length=80), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("field_type", sa.String(length=20), nullable=False),
        sa.Column("direction", sa.String(length=10), nullable=False),
        sa.Column("write_rule", sa.String(length=12), nullable=False),
        sa.Column("keep_when_blank", sa.Boolean(), nullable=False),
        sa.Column("may_clear_crm", sa.Boolean(), nullable=False),
        sa.Column("conflict_rule", sa.String(length=14), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("paused_reason", sa.Text(), nullable=False),
        sa.Column(
            "known_options",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=True,
        ),
        sa.Column("mapped_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["object_mapping_id"],
            ["object_mapping.id"],
            name=op.f("fk_field_mapping_object_mapping_id_object_mapping"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_mapping")),
        sa.UniqueConstraint(
            "object_mapping_id", "crm_field", name=op.f("uq_field_mapping_object_mapping_id_crm_field")
        ),
        sa.UniqueConstraint(
            "object_mapping_id", "local_field", name=op.f("uq_field_mapping_object_mapping_id_local_field")
        ),
    )
    op.create_table(
        "match_rule",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("object_mapping_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("crm_field", sa.String(length=120), nullable=False),
        sa.Column("local_field", sa.String(length=80), nullable=False),
        sa.Column("compare_as", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["object_mapping_id"],
            ["object_mapping.id"],
            name=op.f("fk_match_rule_object_mapping_id_object_mapping"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_rule")),
    )
    op.create_table(
        "list_import",
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("list_id", sa.String(length=40), nullable=False),
        sa.Column("list_name", sa.String(length=400), nullable=False),
        sa.Column("list_kind", sa.String(length=60), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("page", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("page_done", sa.Integer(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("is_last_page", sa.Boolean(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("stuck_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.String(length=320), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["sync_run.id"], name=op.f("fk_list_import_run_id_sync_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_list_import")),
    )
    with op.batch_alter_table("list_import", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_list_import_list_id"), ["list_id"], unique=False)

    op.create_table(
        "watermark",
        sa.Column("object_mapping_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("since_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("covers_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("after", sa.String(length=300), nullable=False),
        sa.Column("found_so_far", sa.Integer(), nullable=False),
        sa.Column("next_look_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enqueue_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("found_count", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["object_mapping_id"],
            ["object_mapping.id"],
            name=op.f("fk_watermark_object_mapping_id_object_mapping"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("object_mapping_id", name=op.f("pk_watermark")),
    )
    op.create_table(
        "sync_log_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("connection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("crm_record_id", sa.String(length=40), nullable=False),
        sa.Column("local_record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("record_name", sa.String(length=400), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("direction", sa.String(length=10), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("undoes_entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("creation_key", sa.String(length=40), nullable=True),
        sa.Column("changes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("left_alone", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("candidates", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_sync_log_entry_connection_id_connection")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["sync_run.id"], name=op.f("fk_sync_log_entry_run_id_sync_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_log_entry")),
    )
    with op.batch_alter_table("sync_log_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sync_log_entry_local_record_id"), ["local_record_id"], unique=False)
        batch_op.create_index("ix_sync_log_entry_outcome", ["outcome", "id"], unique=False)
        batch_op.create_index(
            "ix_sync_log_entry_record", ["connection_id", "object", "crm_record_id", "id"], unique=False
        )
        batch_op.create_index("ix_sync_log_entry_run", ["run_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sync_log_entry_undoes_entry_id"), ["undoes_entry_id"], unique=False)

    op.create_table(
        "conflict",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("connection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("crm_record_id", sa.String(length=40), nullable=False),
        sa.Column("local_record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("record_name", sa.String(length=400), nullable=False),
        sa.Column("local_field", sa.String(length=80), nullable=False),
        sa.Column("crm_field", sa.String(length=120), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("field_type", sa.String(length=20), nullable=False),
        sa.Column("base", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("ours", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("theirs", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("ours_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ours_by", sa.String(length=200), nullable=False),
        sa.Column("theirs_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("theirs_by", sa.String(length=200), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(length=200), nullable=False),
        sa.Column("choice", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_conflict_connection_id_connection")
        ),
        sa.ForeignKeyConstraint(
            ["local_record_id"], ["local_record.id"], name=op.f("fk_conflict_local_record_id_local_record")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["sync_run.id"], name=op.f("fk_conflict_run_id_sync_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict")),
    )
    with op.batch_alter_table("conflict", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_conflict_local_record_id"), ["local_record_id"], unique=False)
        batch_op.create_index("ix_conflict_settled", ["settled_at", "id"], unique=False)
        batch_op.create_index(
            "uq_conflict_open",
            ["connection_id", "object", "crm_record_id", "local_field"],
            unique=True,
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        )


def downgrade() -> None:
    op.drop_table("conflict")
    with op.batch_alter_table("sync_log_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sync_log_entry_undoes_entry_id"))
        batch_op.drop_index("ix_sync_log_entry_run")
        batch_op.drop_index("ix_sync_log_entry_record")
        batch_op.drop_index("ix_sync_log_entry_outcome")
        batch_op.drop_index(batch_op.f("ix_sync_log_entry_local_record_id"))

    op.drop_table("sync_log_entry")
    with op.batch_alter_table("list_import", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_list_import_list_id"))

    op.drop_table("list_import")
    op.drop_table("watermark")
    op.drop_table("match_rule")
    op.drop_table("field_mapping")
    with op.batch_alter_table("creation_claim", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_creation_claim_run_id"))

    op.drop_table("creation_claim")
    with op.batch_alter_table("sync_run", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sync_run_open_push",
            sqlite_where=sa.text("kind = 'push' AND status IN ('queued', 'running')"),
            postgresql_where=sa.text("kind = 'push' AND status IN ('queued', 'running')"),
        )
        batch_op.drop_index(
            "uq_sync_run_open_single",
            sqlite_where=sa.text("kind = 'single' AND status IN ('queued', 'running')"),
            postgresql_where=sa.text("kind = 'single' AND status IN ('queued', 'running')"),
        )
        batch_op.drop_index("ix_sync_run_record")
        batch_op.drop_index("ix_sync_run_due")

    op.drop_table("sync_run")
    with op.batch_alter_table("keep_apart", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_keep_apart_local_record_id"))

    op.drop_table("keep_apart")
    with op.batch_alter_table("record_link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_record_link_local_record_id"))

    op.drop_table("record_link")
    with op.batch_alter_table("record_key", schema=None) as batch_op:
        batch_op.drop_index("ix_record_key_lookup")
        batch_op.drop_index(batch_op.f("ix_record_key_local_record_id"))

    op.drop_table("record_key")
    op.drop_table("object_mapping")
    op.drop_table("people_cache")
    op.drop_table("describe_cache")
    op.drop_table("crm_record")
    with op.batch_alter_table("launch_ticket", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_launch_ticket_forget_at"))

    op.drop_table("launch_ticket")
    op.drop_table("api_usage")
    op.drop_table("user_account")
    with op.batch_alter_table("used_proof", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_used_proof_forget_at"))

    op.drop_table("used_proof")
    op.drop_table("setup_version")
    with op.batch_alter_table("local_record", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_local_record_kind"))

    op.drop_table("local_record")
    with op.batch_alter_table("run_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_run_key_forget_at"))

    op.drop_table("run_key")
    op.drop_table("heartbeat")
    op.drop_table("custom_kind")
    op.drop_table("custom_field")
    op.drop_table("connection")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entry_at"))

    op.drop_table("audit_entry")
