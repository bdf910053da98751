package web

import (
	"bytes"
	"crypto/rand"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"time"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
	"github.com/berth-project/berth/examples/ledger/internal/store"
	"github.com/berth-project/berth/session"
)

//go:embed templates/*.html
var templates embed.FS

// view is what a page is made of. Body is what its own template shows.
type view struct {
	Title  string
	Path   string // where signing in leads back to
	Who    *session.Session
	Tenant *bank.Tenant // nil outside of a bank
	Caller bank.Caller
	Notice string
	Alert  string
	Body   any
}

type message struct {
	Detail    string
	RequestID string
	SignIn    bool
}

func parsePages() (map[string]*template.Template, error) {
	functions := template.FuncMap{
		"date": func(t time.Time) string { return t.Format("2006-01-02 15:04") },
		// key makes the token of one form, which is carried out once however
		// often it is sent.
		"key":   rand.Text,
		"query": url.QueryEscape,
	}
	pages := map[string]*template.Template{}
	for _, name := range []string{"landing", "accounts", "account", "audit", "cash_flow", "message"} {
		t, err := template.New(name).Funcs(functions).ParseFS(templates, "templates/layout.html", "templates/"+name+".html")
		if err != nil {
			return nil, err
		}
		pages[name] = t
	}
	return pages, nil
}

func (a *App) render(w http.ResponseWriter, r *http.Request, status int, name string, v view) {
	v.Path, v.Who = r.URL.Path, session.FromContext(r.Context())
	var page bytes.Buffer
	if err := a.pages[name].ExecuteTemplate(&page, "layout", v); err != nil {
		a.cfg.Log.ErrorContext(r.Context(), "page not rendered", "page", name, "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // the client may be gone
}

func (a *App) landing(w http.ResponseWriter, r *http.Request) error {
	a.render(w, r, http.StatusOK, "landing", view{Title: "Ledger"})
	return nil
}

// within finds the caller and their bank.
func (a *App) within(r *http.Request) (view, error) {
	c, err := caller(r)
	if err != nil {
		return view{}, err
	}
	t, err := a.cfg.Store.Tenant(r.Context(), c)
	return view{Title: t.Name, Tenant: &t, Caller: c, Notice: notices[r.URL.Query().Get("done")]}, err
}

// notices are what a page says after a form was carried out.
var notices = map[string]string{
	"deposit":    "The deposit is booked.",
	"withdrawal": "The withdrawal is booked.",
	"transfer":   "The transfer is booked.",
	"opened":     "The account is open.",
	"status":     "The status is changed.",
}

func (a *App) accounts(w http.ResponseWriter, r *http.Request) error {
	v, err := a.within(r)
	if err != nil {
		return err
	}
	return a.showAccounts(w, r, http.StatusOK, v)
}

func (a *App) showAccounts(w http.ResponseWriter, r *http.Request, status int, v view) error {
	all, err := a.cfg.Store.Accounts(r.Context(), v.Caller, r.URL.Query().Get("after"))
	if err != nil {
		return err
	}
	v.Body = struct {
		Accounts []bank.Account
		Next     string
	}{all, nextAccount(all)}
	a.render(w, r, status, "accounts", v)
	return nil
}

func (a *App) account(w http.ResponseWriter, r *http.Request) error {
	v, err := a.within(r)
	if err != nil {
		return err
	}
	return a.showAccount(w, r, http.StatusOK, v)
}

// accountBody is what the page of an account shows.
type accountBody struct {
	Account                                   bank.Account
	Entries                                   []bank.Entry
	Next                                      int64
	Month                                     string
	MayTransfer, MayCash, MayManage, MayPrint bool
}

// Cash are the forms for money that comes in and goes out over the counter.
func (accountBody) Cash() [2]cashForm {
	return [2]cashForm{{"deposit", "Deposit", "deposits"}, {"withdraw", "Withdraw", "withdrawals"}}
}

type cashForm struct{ ID, Verb, Path string }

func (a *App) showAccount(w http.ResponseWriter, r *http.Request, status int, v view) error {
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	c, id := v.Caller, r.PathValue("id")
	b := accountBody{Month: a.cfg.Now().UTC().Format("2006-01")}
	if b.Account, err = a.cfg.Store.Account(r.Context(), c, id); err != nil {
		return err
	}
	if b.Entries, err = a.cfg.Store.Entries(r.Context(), c, id, page); err != nil {
		return err
	}
	open := b.Account.Status == bank.Open
	b.Next = nextBefore(b.Entries, page)
	b.MayTransfer = open && c.Owns(b.Account)
	b.MayCash = open && c.Staff()
	b.MayManage = c.Manager && b.Account.Status != bank.Closed
	b.MayPrint = c.MayPrint(b.Account)
	v.Title, v.Body = b.Account.Name, b
	a.render(w, r, status, "account", v)
	return nil
}

func (a *App) audit(w http.ResponseWriter, r *http.Request) error {
	v, err := a.within(r)
	if err != nil {
		return err
	}
	trail, err := a.cfg.Store.Audit(r.Context(), v.Caller, r.URL.Query().Get("before"))
	if err != nil {
		return err
	}
	v.Title = "Audit trail"
	v.Body = struct {
		Trail []bank.AuditLine
		Next  string
	}{trail, nextAudit(trail)}
	a.render(w, r, http.StatusOK, "audit", v)
	return nil
}

// flowPeriod is the time the cash flow page looks back.
const flowPeriod = 30 * 24 * time.Hour

func (a *App) cashFlow(w http.ResponseWriter, r *http.Request) error {
	everywhere, err := callers(r)
	if err != nil {
		return err
	}
	var all []store.Flow
	for _, c := range everywhere {
		some, err := a.cfg.Store.CashFlow(r.Context(), c, a.cfg.Now().Add(-flowPeriod))
		if err != nil {
			return err
		}
		all = append(all, some...)
	}
	a.render(w, r, http.StatusOK, "cash_flow", view{Title: "Cash flow", Body: all})
	return nil
}
