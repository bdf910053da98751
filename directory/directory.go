package directory

import (
	"context"
	"time"

	"github.com/berth-project/berth/secret"
)

// User is a person, or a program that signs in as one. Times are kept to the
// millisecond, in UTC.
type User struct {
	// ID is "u_" and 20 random characters; it never changes and is never used
	// again.
	ID string `json:"id"`
	// Email is what people sign in with: unique, lower case.
	Email string `json:"email"`
	// Name is for display; it may be empty.
	Name string `json:"name"`
	// Disabled users cannot sign in and their sessions do not count.
	Disabled bool `json:"disabled"`
	// CreatedAt is when the user was made.
	CreatedAt time.Time `json:"created_at"`
	// SessionsNotBefore ends every session signed in before it; zero when
	// that was never asked for. It is a whole second, rounded up.
	SessionsNotBefore time.Time `json:"sessions_not_before,omitzero"`
}

// Tenant is an organisation or a personal account.
type Tenant struct {
	// ID is the slug that appears in paths: lower-case letters, digits and
	// single hyphens, 1 to 63 bytes.
	ID string `json:"id"`
	// Name is for display.
	Name string `json:"name"`
	// Plans are the subscriptions of the tenant, ended ones included until
	// they are purged, sorted by plan.
	Plans []Subscription `json:"plans"`
	// CreatedAt is when the tenant was made.
	CreatedAt time.Time `json:"created_at"`
}

// Subscription is a tenant's use of one plan.
type Subscription struct {
	// Plan is a slug.
	Plan string `json:"plan"`
	// EndsAt is when it stops counting; zero means it does not end.
	EndsAt time.Time `json:"ends_at,omitzero"`
}

// Grant is a role that a user has in a tenant.
type Grant struct {
	// User is the id of the user.
	User string `json:"user"`
	// Tenant is the id of the tenant.
	Tenant string `json:"tenant"`
	// Role is a slug.
	Role string `json:"role"`
	// ExpiresAt is when it stops counting; zero means it does not expire.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// GrantFilter chooses grants; an empty field does not restrict.
type GrantFilter struct {
	// User is a user id.
	User string
	// Tenant is a tenant id.
	Tenant string
}

// Revocation ends one session before its time.
type Revocation struct {
	// Session is the id of the session, which is not a credential.
	Session string `json:"session"`
	// User is the id of the user it belonged to, for people who look.
	User string `json:"user"`
	// Until is when the session would have ended anyway and the revocation
	// may be forgotten.
	Until time.Time `json:"until"`
}

// Change is one line of the audit trail: who did what to whom, and when.
type Change struct {
	// ID grows with each change.
	ID int64 `json:"id"`
	// At is when it was committed.
	At time.Time `json:"at"`
	// Actor is what [WithActor] named, "unknown" when nothing did.
	Actor string `json:"actor"`
	// Action is "user.create", "role.grant"…
	Action string `json:"action"`
	// Subject is the id of what was changed.
	Subject string `json:"subject"`
	// User and Tenant are the ids of whom and where it concerns; empty when
	// it is nobody or nowhere in particular.
	User   string `json:"user,omitempty"`
	Tenant string `json:"tenant,omitempty"`
	// Detail holds further facts, never a secret.
	Detail string `json:"detail,omitempty"`
}

// Actions that change no identity. Every other one may change anybody's.
const (
	ActionRevokeSession = "session.revoke" // Subject is the session
	ActionSetPassword   = "user.password"
	ActionPurge         = "purge"
)

// What is kept of the audit trail; purging forgets the rest.
const (
	// ChangesKept is how long a line is kept: a year and a month.
	ChangesKept = 400 * 24 * time.Hour
	// MaxChanges is how many lines are kept at most.
	MaxChanges = 1_000_000
)

// ChangeFilter chooses lines of the audit trail; an empty field does not
// restrict.
type ChangeFilter struct {
	// User and Tenant are ids, of what may have been deleted since.
	User, Tenant string
	// After and Before are ids of lines, themselves left out.
	After, Before int64
	// Limit is how many at most; 0 means 100, and 1000 is the most.
	Limit int
}

// Version is one state of a store. Two are of the same state when they are
// equal.
type Version struct {
	// Commit differs from an earlier one when anything was committed in
	// between, by any process.
	Commit int64
	// Change is the id of the newest line of the audit trail.
	Change int64
}

// Page bounds a list.
type Page struct {
	// After is the last id of the page before; empty starts at the beginning.
	After string
	// Limit is how many at most; 0 means 100, and 1000 is the most.
	Limit int
}

// Purged counts what PurgeExpired removed.
type Purged struct {
	// Grants, Subscriptions, Revocations and Changes are numbers of rows.
	Grants, Subscriptions, Revocations, Changes int64
}

// Record is what the store knows of a user at one moment, as read in one
// transaction: the raw material of an [Identity].
type Record struct {
	// User is the user.
	User User
	// Grants are the user's roles, expired ones included.
	Grants []Grant
	// Tenants are the tenants named by Grants, sorted by id.
	Tenants []Tenant
}

// Users keeps people.
type Users interface {
	// CreateUser makes a user with an email and a name and returns it with
	// its id. An email in use is ErrConflict; a bad one is *InvalidError.
	CreateUser(ctx context.Context, email, name string) (User, error)
	// User returns a user by id, or ErrNotFound.
	User(ctx context.Context, id string) (User, error)
	// UserByEmail returns a user by email in any spelling, or ErrNotFound.
	UserByEmail(ctx context.Context, email string) (User, error)
	// Users lists users by id.
	Users(ctx context.Context, page Page) ([]User, error)
	// DisableUser stops the user from signing in and ends every session.
	// Doing it twice is no error.
	DisableUser(ctx context.Context, id string) error
	// EnableUser undoes DisableUser; sessions ended by it stay ended.
	EnableUser(ctx context.Context, id string) error
	// DeleteUser removes the user with all roles.
	DeleteUser(ctx context.Context, id string) error
	// PasswordHash returns the stored hash, empty when none is set.
	PasswordHash(ctx context.Context, userID string) (secret.String, error)
	// SetPasswordHash replaces the hash. An empty one ends password sign-in.
	SetPasswordHash(ctx context.Context, userID string, hash secret.String) error
}

// Tenants keeps organisations and what they subscribe to.
type Tenants interface {
	// CreateTenant makes a tenant. An id in use is ErrConflict.
	CreateTenant(ctx context.Context, id, name string) (Tenant, error)
	// Tenant returns a tenant by id, or ErrNotFound.
	Tenant(ctx context.Context, id string) (Tenant, error)
	// Tenants lists tenants by id.
	Tenants(ctx context.Context, page Page) ([]Tenant, error)
	// DeleteTenant removes the tenant with all its roles and subscriptions.
	DeleteTenant(ctx context.Context, id string) error
	// Subscribe adds a plan, or moves the end of one the tenant has.
	Subscribe(ctx context.Context, tenant string, sub Subscription) error
	// Unsubscribe removes a plan; ErrNotFound when the tenant has it not.
	Unsubscribe(ctx context.Context, tenant, plan string) error
}

// Roles keeps what users are in tenants.
type Roles interface {
	// GrantRole gives a role, or moves the end of one the user has.
	GrantRole(ctx context.Context, g Grant) error
	// RevokeRole takes a role; ErrNotFound when the user has it not.
	RevokeRole(ctx context.Context, g Grant) error
	// Grants lists at most 10,000 grants by user, tenant and role.
	Grants(ctx context.Context, filter GrantFilter) ([]Grant, error)
}

// Revocations keeps sessions that ended early.
type Revocations interface {
	// RevokeSession ends one session. Doing it twice is no error.
	RevokeSession(ctx context.Context, r Revocation) error
	// RevokeSessionsOf ends every session the user has now, by moving
	// SessionsNotBefore.
	RevokeSessionsOf(ctx context.Context, userID string) error
}

// Source is what a [Resolver] reads.
type Source interface {
	// Record returns everything about a user, or ErrNotFound.
	Record(ctx context.Context, userID string) (Record, error)
	// SessionRevoked reports whether a session was revoked and the revocation
	// is not yet forgotten. What it costs does not grow with how many there
	// are.
	SessionRevoked(ctx context.Context, sessionID string) (bool, error)
	// Version returns the state of the store.
	Version(ctx context.Context) (Version, error)
	// Changes lists the audit trail, newest first. A commit that moves
	// Version and adds no line was not made by a Store.
	Changes(ctx context.Context, filter ChangeFilter) ([]Change, error)
	// OnChange has changed called with the line of each commit made through
	// this value, from any goroutine and before the call that made it
	// returns. It must return quickly.
	OnChange(changed func(Change))
}

// Store is a directory's database. It is safe for concurrent use, bounds the
// time of every operation, and writes an audit line with each change in the
// same transaction.
type Store interface {
	Users
	Tenants
	Roles
	Revocations
	Source
	// PurgeExpired forgets grants, subscriptions and revocations that ended
	// before now, and of the audit trail what is older than ChangesKept or
	// beyond MaxChanges.
	PurgeExpired(ctx context.Context, now time.Time) (Purged, error)
	// Close releases the store.
	Close() error
}

type actorKey struct{}

// WithActor names who makes the changes of a context, for the audit trail:
// "cli:alice", "user:u_…".
func WithActor(ctx context.Context, actor string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// Actor returns what [WithActor] named, or "unknown".
func Actor(ctx context.Context) string {
	if a, ok := ctx.Value(actorKey{}).(string); ok && a != "" {
		return a
	}
	return "unknown"
}
