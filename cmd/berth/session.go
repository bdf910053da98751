package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/service"
	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/session"
)

func (c *cli) sessionCommand() *cobra.Command {
	cmd := noun("session", "sessions: the cookie, and the keys it is sealed with",
		c.sessionSealCommand(), c.sessionOpenCommand(), c.sessionRevokeCommand(),
		noun("key", "the keys that seal cookies and sign assertions", c.keyListCommand(), c.keyGenerateCommand(), c.keyRotateCommand(), c.keyReplaceCommand()),
	)
	c.fileFlag(cmd)
	c.dataFlag(cmd)
	return cmd
}

func (c *cli) sessionSealCommand() *cobra.Command {
	var secure bool
	cmd := &cobra.Command{
		Use:   "seal USER",
		Short: "make the cookie of a user, to try requests with",
		Long: "Seals a cookie as if USER (an email or an id) had just signed in, and prints it as NAME=VALUE for\n" +
			"plain HTTP, or with --secure for HTTPS. It is a credential; whoever can run this can read the keys anyway.",
		Example: "  curl -H \"Cookie: $(berth session seal anna@example.com)\" http://localhost:8080/",
		Args:    exactly("USER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts, err := c.stateOptions()
			if err != nil {
				return err
			}
			value, sess, err := service.SealFor(cmd.Context(), opts, args[0])
			if err != nil {
				return err
			}
			if c.json {
				return c.printJSON(map[string]any{
					"cookie": session.DevelopmentCookieName, "secure_cookie": session.SecureCookieName, "value": value,
					"session": sess.ID, "user": sess.User.ID, "expires_at": sess.ExpiresAt.UTC().Format(time.RFC3339),
				})
			}
			name := session.DevelopmentCookieName
			if secure {
				name = session.SecureCookieName
			}
			fmt.Fprintf(c.stdout, "%s=%s\n", name, value)
			return nil
		},
	}
	cmd.Flags().BoolVar(&secure, "secure", false, "use the name the cookie has over HTTPS")
	c.jsonFlag(cmd)
	return cmd
}

// openedSession is what a cookie says.
type openedSession struct {
	Session    string    `json:"session"`
	User       string    `json:"user"`
	Email      string    `json:"email"`
	Method     string    `json:"method"`
	SignedInAt time.Time `json:"signed_in_at"`
	SeenAt     time.Time `json:"seen_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	Revoked    bool      `json:"revoked"`
}

func (c *cli) sessionOpenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "open VALUE",
		Short:   "say what a sealed cookie holds; VALUE with or without its name, or - for standard input",
		Example: "  berth session open 'berth=v1.…'",
		Args:    exactly("VALUE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts, err := c.stateOptions()
			if err != nil {
				return err
			}
			value := args[0]
			if value == "-" { // a command line is for everybody on the machine to see
				text, err := io.ReadAll(io.LimitReader(c.stdin, 16<<10))
				if err != nil {
					return fmt.Errorf("read cookie: %w", err)
				}
				value = string(text)
			}
			sess, revoked, err := service.OpenSealed(cmd.Context(), opts, value)
			if err != nil {
				return err
			}
			o := openedSession{sess.ID, sess.User.ID, sess.User.Email, sess.Method, sess.SignedInAt, sess.SeenAt, sess.ExpiresAt, revoked}
			if c.json {
				return c.printJSON(o)
			}
			fmt.Fprintf(c.stdout, "session  %s\nuser     %s  %s\nmethod   %s\nsigned in  %s\nseen       %s\nexpires    %s\n",
				o.Session, o.User, o.Email, o.Method, o.SignedInAt.UTC().Format(time.RFC3339), o.SeenAt.UTC().Format(time.RFC3339), o.ExpiresAt.UTC().Format(time.RFC3339))
			if o.Revoked {
				fmt.Fprintln(c.stdout, "revoked  yes: it was signed out, and no gateway takes it")
			}
			return nil
		},
	}
	c.jsonFlag(cmd)
	return cmd
}

func (c *cli) sessionRevokeCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "revoke SESSION",
		Short:   "end one session by its id, as the log line of its sign-in shows it",
		Example: "  berth session revoke 4qv2…",
		Args:    exactly("SESSION"),
		RunE: c.onDirectory(func(ctx context.Context, store directory.Store, args []string) error {
			// The longest a session may live is a year; see session.absolute.
			end := time.Now().Add(366 * 24 * time.Hour)
			return store.RevokeSession(ctx, directory.Revocation{Session: args[0], Until: end})
		}),
	}
}

// stateOptions are the options of commands about what a service remembers.
func (c *cli) stateOptions() (service.Options, error) {
	data, err := c.existingData()
	if err != nil {
		return service.Options{}, err
	}
	opts := c.options(c.file, service.Production)
	opts.Data = data
	return opts, nil
}
