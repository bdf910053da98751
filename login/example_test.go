package login_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/directory/sqlite"
	"github.com/berth-project/berth/login"
	"github.com/berth-project/berth/login/password"
	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/session"
)

// A program signs in and is known by its cookie.
func ExampleService() {
	service, closeStore := exampleService()
	defer closeStore()

	form := strings.NewReader(`{"email":"ann@example.com","password":"correct horse battery"}`)
	r := httptest.NewRequest(http.MethodPost, "https://ledger.example.com/.berth/sign-in", form)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	service.Handler().ServeHTTP(w, r)
	cookie, _, _ := strings.Cut(w.Header().Get("Set-Cookie"), ";")

	caller, err := service.Authenticate(r.Context(), login.Credentials{Cookies: []string{cookie}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(w.Code, caller.Session.User.Email)
	// Output: 200 ann@example.com
}

func exampleService() (*login.Service, func()) {
	dir, err := os.MkdirTemp("", "berth")
	must(err)
	log, ctx := slog.New(slog.DiscardHandler), context.Background()
	store, err := sqlite.Open(filepath.Join(dir, "directory.db"), log)
	must(err)
	passwords, err := password.NewHasher(password.Config{})
	must(err)
	user, err := store.CreateUser(ctx, "ann@example.com", "Ann")
	must(err)
	hash, err := passwords.Hash(ctx, secret.New("correct horse battery"))
	must(err)
	must(store.SetPasswordHash(ctx, user.ID, hash))
	keys, err := session.GenerateKeySet(time.Now())
	must(err)
	service, err := login.New(
		login.Config{Service: "ledger", Issuer: "https://ledger.example.com"},
		login.Dependencies{
			Keys: keys, Directory: store, Passwords: passwords, Log: log,
			Resolver: directory.NewResolver(store, directory.ResolverConfig{}, log),
		})
	must(err)
	return service, func() { _ = store.Close(); _ = os.RemoveAll(dir) }
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
