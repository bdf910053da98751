package service

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/internal/atomicfile"
	"github.com/berth-project/berth/login/password"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/secret"
)

// DevelopmentUser is a user made on a developer's machine. It holds a password
// in the clear: it is made up here, for a directory that leaves this machine
// for nobody.
type DevelopmentUser struct {
	Email    string              `json:"email"`
	Name     string              `json:"name,omitempty"`
	Password string              `json:"password"`
	Roles    map[string][]string `json:"roles"`
}

// passwordsName keeps the made-up passwords in the data directory, so that
// they stay the same from one start to the next.
const passwordsName = "development-passwords.json"

// seed makes the tenants and users of the manifest's development section,
// where they are not there, and returns the users.
func seed(ctx context.Context, m *manifest.Manifest, p *people, data string, log *slog.Logger) (users []DevelopmentUser, err error) {
	ctx = directory.WithActor(ctx, "berth up")
	if err := seedTenants(ctx, m, p.store); err != nil {
		return nil, err
	}
	err = locked(data, func() error {
		users, err = seedUsers(ctx, m, p, data, log)
		return err
	})
	return users, err
}

func seedUsers(ctx context.Context, m *manifest.Manifest, p *people, data string, log *slog.Logger) ([]DevelopmentUser, error) {
	passwords, err := developmentPasswords(ctx, m, p.store, filepath.Join(data, passwordsName))
	if err != nil {
		return nil, err
	}
	var users []DevelopmentUser
	for _, u := range m.Development.Users {
		made := DevelopmentUser{Email: u.Email, Name: u.Name, Roles: map[string][]string{}}
		for tenant, roles := range u.Roles {
			made.Roles[tenant] = roles
		}
		err := seedUser(ctx, &made, p.store, p.hasher, passwords)
		if errors.Is(err, errNotSeeded) {
			log.Warn("development user exists already and is left alone", "user", u.Email)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("development user %s: %w", u.Email, err)
		}
		users = append(users, made)
	}
	return users, nil
}

// developmentPasswords are those made up so far, and new ones for users that
// are not there yet. They are in the file before any user is made: a start that
// ends half-way leaves nobody whose password is lost.
func developmentPasswords(ctx context.Context, m *manifest.Manifest, store directory.Users, file string) (map[string]string, error) {
	passwords, err := readPasswords(file)
	if err != nil {
		return nil, err
	}
	before := len(passwords)
	for _, u := range m.Development.Users {
		email, err := directory.NormalizeEmail(u.Email)
		if err != nil {
			return nil, fmt.Errorf("development user %s: %w", u.Email, err)
		}
		if passwords[email] != "" {
			continue
		}
		if _, err := store.UserByEmail(ctx, email); errors.Is(err, directory.ErrNotFound) {
			passwords[email] = GeneratePassword()
		}
	}
	if len(passwords) == before {
		return passwords, nil
	}
	text, err := json.MarshalIndent(passwords, "", "  ")
	if err != nil {
		return nil, err
	}
	return passwords, atomicfile.Write(file, text, 0o600)
}

func seedTenants(ctx context.Context, m *manifest.Manifest, store directory.Store) error {
	for _, t := range m.Development.Tenants {
		name := t.Name
		if name == "" {
			name = t.ID
		}
		if _, err := store.CreateTenant(ctx, t.ID, name); err != nil && !errors.Is(err, directory.ErrConflict) {
			return fmt.Errorf("development tenant %s: %w", t.ID, err)
		}
		for _, plan := range t.Plans {
			if err := store.Subscribe(ctx, t.ID, directory.Subscription{Plan: plan}); err != nil {
				return fmt.Errorf("development tenant %s: %w", t.ID, err)
			}
		}
	}
	return nil
}

// seedUser makes one user, or finds the one an earlier start made. Somebody
// else's user of that email is left alone, with password and roles.
func seedUser(ctx context.Context, u *DevelopmentUser, store directory.Store, hasher *password.Hasher, passwords map[string]string) error {
	rec, err := store.UserByEmail(ctx, u.Email)
	switch {
	case errors.Is(err, directory.ErrNotFound):
		rec, err = store.CreateUser(ctx, u.Email, u.Name)
	case err == nil && passwords[rec.Email] == "":
		return errNotSeeded
	}
	if err != nil {
		return err
	}
	u.Password = passwords[rec.Email]
	if err := seedPassword(ctx, rec, store, hasher, u.Password); err != nil {
		return err
	}
	for _, tenant := range slices.Sorted(maps.Keys(u.Roles)) {
		for _, role := range u.Roles[tenant] {
			if err := store.GrantRole(ctx, directory.Grant{User: rec.ID, Tenant: tenant, Role: role}); err != nil {
				return err
			}
		}
	}
	return nil
}

// errNotSeeded says that a user was there before berth up.
var errNotSeeded = errors.New("the user was not made by berth up")

// seedPassword sets the password of a user who has none.
func seedPassword(ctx context.Context, rec directory.User, store directory.Store, hasher *password.Hasher, made string) error {
	hash, err := store.PasswordHash(ctx, rec.ID)
	if err != nil || !hash.IsZero() {
		return err
	}
	if hash, err = hasher.Hash(ctx, secret.New(made)); err != nil {
		return err
	}
	return store.SetPasswordHash(ctx, rec.ID, hash)
}

// GeneratePassword returns 80 random bits as four groups of letters and
// digits, easy to type.
func GeneratePassword() string {
	text := strings.ToLower(rand.Text()[:16])
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
}

func readPasswords(file string) (map[string]string, error) {
	passwords := map[string]string{}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return passwords, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &passwords)
	}
	if err != nil {
		return nil, fmt.Errorf("read development passwords: %w (remove %s to have new ones made)", err, file)
	}
	return passwords, nil
}
