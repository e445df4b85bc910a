package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"zombiezen.com/go/sqlite"

	"github.com/sallyport/sallyport/internal/fault"
)

// What a caller may tell apart. They are faults, so that one which no flow
// thought about still gets the right status at the edge.
var (
	// ErrNotFound says that there is no such row, or none of this organization.
	ErrNotFound error = &fault.Error{Kind: fault.NotFound, Code: "not_found"}
	// ErrConflict says that another row has the value that must be unique, or
	// that the row was saved by somebody else since it was read. The error is
	// a [*ConflictError].
	ErrConflict error = &fault.Error{Kind: fault.Conflict, Code: "conflict"}
	// ErrUsed says that a single-use thing was used before.
	ErrUsed error = &fault.Error{Kind: fault.Conflict, Code: "used"}
	// ErrSignedOut says that the identity provider has ended a session before
	// it began.
	ErrSignedOut error = &fault.Error{Kind: fault.Conflict, Code: "signed_out_there", Fix: fault.PersonSide}
	// ErrReference says that a row names another one that is not there, or is
	// another organization's.
	ErrReference = errors.New("row refers to one that is not there or is another organization's")
)

// Constraint names what a [ConflictError] is about.
type Constraint string

// The constraints that people can run into. Others exist; they are named
// table_column_column in the migrations.
const (
	StaleVersion       Constraint = "version"
	OrganizationKey    Constraint = "organizations_key"
	ConnectionKey      Constraint = "connections_key"
	VerifiedDomainName Constraint = "domains_name"
	HomeUsername       Constraint = "users_username_key_org_id"
	LinkSubject        Constraint = "links_connection_id_subject"
	AppKey             Constraint = "apps_key"
	AppClientID        Constraint = "apps_client_id"
	AppSecretPlace     Constraint = "app_secrets_app_id_slot"
	RoleKey            Constraint = "roles_key"
	CurrentSigningKey  Constraint = "signing_keys_use_algorithm"
	FactorCredential   Constraint = "factors_credential_id"
	SMSCodeLimit       Constraint = "sms_codes_sent" // of [Writer.SendSMSCode], not of the engine
	GroupName          Constraint = "groups_org_id_name"
	OpenInvitationTo   Constraint = "invitations_org_id_email_key"
	DecryptionKeyState Constraint = "decryption_keys_connection_id_state"
)

// ConflictError is an [ErrConflict] and says about what.
type ConflictError struct {
	Constraint Constraint
	cause      error
}

// Error returns the text for the log.
func (e *ConflictError) Error() string { return "conflict on " + string(e.Constraint) }

// Unwrap returns [ErrConflict] and what the engine said.
func (e *ConflictError) Unwrap() []error {
	if e.cause == nil {
		return []error{ErrConflict}
	}
	return []error{ErrConflict, e.cause}
}

// ConflictOn reports whether err is a conflict on this constraint.
func ConflictOn(err error, c Constraint) bool {
	conflict, ok := errors.AsType[*ConflictError](err)
	return ok && conflict.Constraint == c
}

// errStale is the answer to a save of a version that is no longer the latest.
func errStale() error { return &ConflictError{Constraint: StaleVersion} }

// Codes of PostgreSQL, https://www.postgresql.org/docs/current/errcodes-appendix.html.
const (
	pgNotSupported         = "0A000"
	pgReadOnly             = "25006"
	pgForeignKeyViolation  = "23503"
	pgUniqueViolation      = "23505"
	pgSerializationFailure = "40001"
	pgDeadlockDetected     = "40P01"
	pgDiskFull             = "53100"
	pgTooManyConnections   = "53300"
	pgQueryCanceled        = "57014"
	pgClassConnection      = "08"
	pgClassIntervention    = "57" // the server shuts down, or starts
	pgClassSystem          = "58" // its disk or its files
	pgDataCorrupted        = "XX001"
	pgIndexCorrupted       = "XX002"
)

// meaning turns what an engine says into what our callers tell apart. A server
// that is not there is a fault of kind Unavailable, and so is a disk that does
// not do its work.
func meaning(err error) error {
	if away(err) {
		return &fault.Error{Kind: fault.Unavailable, Code: "database_busy", Fix: fault.OperatorSide, Err: err}
	}
	if f := hindrance(err); f != nil {
		return f
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pg.Code {
		case pgUniqueViolation:
			return &ConflictError{Constraint: Constraint(pg.ConstraintName), cause: err}
		case pgForeignKeyViolation:
			return errors.Join(ErrReference, err)
		}
		return err
	}
	switch sqlite.ErrCode(err) {
	case sqlite.ResultConstraintUnique, sqlite.ResultConstraintPrimaryKey:
		return &ConflictError{Constraint: sqliteConstraint(err.Error()), cause: err}
	case sqlite.ResultConstraintForeignKey:
		return errors.Join(ErrReference, err)
	default:
		return err
	}
}

// hindrance returns the fault where nothing can be written until the operator
// has made room, or mended what the engine stands on; nil for any other error.
func hindrance(err error) *fault.Error {
	switch {
	case err == nil:
		return nil
	case full(err):
		return &fault.Error{Kind: fault.Unavailable, Code: "database_full", Fix: fault.OperatorSide, Err: err}
	case readOnly(err):
		return &fault.Error{Kind: fault.Unavailable, Code: "database_read_only", Fix: fault.OperatorSide, Err: err}
	case failing(err):
		return &fault.Error{Kind: fault.Unavailable, Code: "database_failing", Fix: fault.OperatorSide, Err: err}
	}
	return nil
}

// full reports whether there is no room on the disk.
func full(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == pgDiskFull
	}
	code := sqlite.ErrCode(err)
	return code.ToPrimary() == sqlite.ResultFull || code == sqlite.ResultIOErrSHMSize // the index of the log could not grow
}

// readOnly reports whether the database, or who we are there, may only read.
func readOnly(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == pgReadOnly || errors.Is(err, errStandby)
	}
	return sqlite.ErrCode(err).ToPrimary() == sqlite.ResultReadOnly
}

// failing reports whether the files of the database cannot be read or written, or
// are not what they should be.
func failing(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return strings.HasPrefix(pg.Code, pgClassSystem) || pg.Code == pgDataCorrupted || pg.Code == pgIndexCorrupted
	}
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultIOErr, sqlite.ResultCantOpen, sqlite.ResultCorrupt, sqlite.ResultNotADB:
		return true
	default:
		return false
	}
}

// sqliteConstraint reads the name that we gave a constraint out of SQLite's
// message, which lists its columns: "… failed: users.username_key, users.org_id".
func sqliteConstraint(message string) Constraint {
	_, columns, _ := strings.Cut(message, "constraint failed: UNIQUE constraint failed: ")
	name := ""
	for i, column := range strings.Split(columns, ", ") {
		table, column, _ := strings.Cut(column, ".")
		if i == 0 {
			name = table
		}
		name += "_" + column
	}
	return Constraint(name)
}

// again reports whether the engine asks for the transaction to be tried anew.
func again(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == pgSerializationFailure || pg.Code == pgDeadlockDetected)
}

// away reports whether PostgreSQL does not answer or has broken off.
func away(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false // we broke off
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == pgTooManyConnections || strings.HasPrefix(pg.Code, pgClassConnection) ||
			strings.HasPrefix(pg.Code, pgClassIntervention) && pg.Code != pgQueryCanceled
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

// locked reports whether another process kept SQLite's database to itself for
// longer than we wait.
func locked(err error) bool {
	return sqlite.ErrCode(err).ToPrimary() == sqlite.ResultBusy
}
