package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
	"github.com/berth-project/berth/examples/ledger/internal/store"
)

// form is a form that was sent, with the caller and the token that makes sending
// it twice the same as once.
type form struct {
	view
	ask store.Ask
}

func (a *App) readForm(r *http.Request) (form, error) {
	v, err := a.within(r)
	if err != nil {
		return form{}, err
	}
	if err := r.ParseForm(); err != nil {
		if f := faultOf(err); f != faultInternal {
			return form{}, f
		}
		return form{}, &fault{http.StatusBadRequest, "malformed", "The form could not be read."}
	}
	key := r.PostForm.Get("key")
	if !printable(key) {
		return form{}, &fault{http.StatusBadRequest, "malformed", "The form has no token. Open the page again."}
	}
	return form{v, store.Ask{Caller: v.Caller, Key: "form " + key}}, nil
}

func (a *App) openForm(w http.ResponseWriter, r *http.Request) error {
	f, err := a.readForm(r)
	if err != nil {
		return err
	}
	out, err := a.cfg.Store.OpenAccount(r.Context(), f.ask, bank.Opening{Owner: r.PostForm.Get("owner"), Name: r.PostForm.Get("name")})
	if refusal := bank.AsRefusal(err); refusal != nil && refusal.Code == bank.Invalid {
		f.Alert = refusal.Message
		return a.showAccounts(w, r, http.StatusUnprocessableEntity, f.view)
	}
	if err != nil {
		return err
	}
	seeOther(w, accountPath(out.Value), "opened")
	return nil
}

func (a *App) moveForm(kind bank.Kind) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		f, err := a.readForm(r)
		if err != nil {
			return err
		}
		err = a.moveAsAsked(r, kind, f)
		return a.afterAccountForm(w, r, f.view, string(kind), err)
	}
}

func (a *App) moveAsAsked(r *http.Request, kind bank.Kind, f form) error {
	amount, err := bank.ParseAmount(r.PostForm.Get("amount"))
	if err != nil {
		return err
	}
	order := cashOrder(kind, r.PathValue("id"), amount, r.PostForm.Get("memo"))
	if kind == bank.Transfer {
		order.To = strings.ToLower(strings.TrimSpace(r.PostForm.Get("to")))
	}
	_, err = a.cfg.Store.Move(r.Context(), f.ask, order)
	return err
}

func (a *App) statusForm(w http.ResponseWriter, r *http.Request) error {
	f, err := a.readForm(r)
	if err != nil {
		return err
	}
	_, err = a.cfg.Store.SetStatus(r.Context(), f.Caller, r.PathValue("id"), bank.Status(r.PostForm.Get("status")))
	return a.afterAccountForm(w, r, f.view, "status", err)
}

// afterAccountForm leads back to the account, or shows it with what was wrong.
func (a *App) afterAccountForm(w http.ResponseWriter, r *http.Request, v view, done string, err error) error {
	refusal := bank.AsRefusal(err)
	switch {
	case refusal != nil && refusal.Code != bank.Forbidden:
		v.Alert = refusal.Message
		return a.showAccount(w, r, statuses[refusal.Code], v)
	case err != nil:
		return err
	}
	seeOther(w, accountPath(bank.Account{Tenant: v.Caller.Tenant, ID: r.PathValue("id")}), done)
	return nil
}

func accountPath(a bank.Account) string {
	return "/" + url.PathEscape(a.Tenant) + "/accounts/" + url.PathEscape(a.ID)
}

func seeOther(w http.ResponseWriter, path, done string) {
	w.Header().Set("Location", path+"?done="+url.QueryEscape(done))
	w.WriteHeader(http.StatusSeeOther)
}
