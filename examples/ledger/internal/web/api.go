package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
	"github.com/berth-project/berth/examples/ledger/internal/store"
)

func (a *App) apiMyAccounts(w http.ResponseWriter, r *http.Request) error {
	everywhere, err := callers(r)
	if err != nil {
		return err
	}
	all, next := []bank.Account{}, map[string]string{} // by tenant
	for _, c := range everywhere {
		some, err := a.cfg.Store.Accounts(r.Context(), c, "")
		if err != nil {
			return err
		}
		all = append(all, some...)
		if last := nextAccount(some); last != "" {
			next[c.Tenant] = last
		}
	}
	return writeJSON(w, http.StatusOK, map[string]any{"accounts": all, "next_after": next})
}

func (a *App) apiAccounts(w http.ResponseWriter, r *http.Request) error {
	c, err := caller(r)
	if err != nil {
		return err
	}
	all, err := a.cfg.Store.Accounts(r.Context(), c, r.FormValue("after"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{"accounts": all, "next_after": nextAccount(all)})
}

func (a *App) apiAccount(w http.ResponseWriter, r *http.Request) error {
	c, err := caller(r)
	if err != nil {
		return err
	}
	account, err := a.cfg.Store.Account(r.Context(), c, r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, account)
}

func (a *App) apiOpen(w http.ResponseWriter, r *http.Request) error {
	c, err := caller(r)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(r)
	if err != nil {
		return err
	}
	var in bank.Opening
	if err := readJSON(r, &in); err != nil {
		return err
	}
	out, err := a.cfg.Store.OpenAccount(r.Context(), store.Ask{Caller: c, Key: key}, in)
	tellReplay(w, out.Replayed)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/"+c.Tenant+"/accounts/"+out.Value.ID)
	return writeJSON(w, http.StatusCreated, out.Value)
}

// transferRequest is the body of a transfer; deposits and withdrawals have their
// account in the path.
type transferRequest struct {
	From   string      `json:"from"`
	To     string      `json:"to"`
	Amount bank.Amount `json:"amount_cents"`
	Memo   string      `json:"memo"`
}

type cashRequest struct {
	Amount bank.Amount `json:"amount_cents"`
	Memo   string      `json:"memo"`
}

func (a *App) apiMove(kind bank.Kind) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		c, err := caller(r)
		if err != nil {
			return err
		}
		key, err := idempotencyKey(r)
		if err != nil {
			return err
		}
		order, err := readOrder(r, kind)
		if err != nil {
			return err
		}
		out, err := a.cfg.Store.Move(r.Context(), store.Ask{Caller: c, Key: key}, order)
		tellReplay(w, out.Replayed)
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusCreated, out.Value)
	}
}

func readOrder(r *http.Request, kind bank.Kind) (bank.Order, error) {
	if kind == bank.Transfer {
		var in transferRequest
		err := readJSON(r, &in)
		return bank.Order{Kind: kind, From: in.From, To: in.To, Amount: in.Amount, Memo: in.Memo}, err
	}
	var in cashRequest
	err := readJSON(r, &in)
	return cashOrder(kind, r.PathValue("id"), in.Amount, in.Memo), err
}

func cashOrder(kind bank.Kind, account string, amount bank.Amount, memo string) bank.Order {
	o := bank.Order{Kind: kind, Amount: amount, Memo: memo}
	if kind == bank.Deposit {
		o.To = account
	} else {
		o.From = account
	}
	return o
}

// apiStatus is a PUT: saying it twice changes nothing more, so it needs no key.
func (a *App) apiStatus(w http.ResponseWriter, r *http.Request) error {
	c, err := caller(r)
	if err != nil {
		return err
	}
	var in struct {
		Status bank.Status `json:"status"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	account, err := a.cfg.Store.SetStatus(r.Context(), c, r.PathValue("id"), in.Status)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, account)
}

func (a *App) apiEntries(w http.ResponseWriter, r *http.Request) error {
	c, err := caller(r)
	if err != nil {
		return err
	}
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	entries, err := a.cfg.Store.Entries(r.Context(), c, r.PathValue("id"), page)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{"entries": entries, "next_before": nextBefore(entries, page)})
}

const defaultPage = 50

func pageOf(r *http.Request) (store.Page, error) {
	p := store.Page{Limit: defaultPage}
	q := r.URL.Query()
	if text := q.Get("before"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 {
			return p, bank.RefuseInput("before must be the number of an entry.")
		}
		p.Before = n
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > store.MaxPage {
			return p, bank.RefuseInput(fmt.Sprintf("limit must be a number from 1 to %d.", store.MaxPage))
		}
		p.Limit = n
	}
	return p, nil
}

// nextBefore is where the page after this one begins, 0 when there is none.
func nextBefore(entries []bank.Entry, p store.Page) int64 {
	if len(entries) < p.Limit {
		return 0
	}
	if last := entries[len(entries)-1].Number; last > 1 {
		return last
	}
	return 0
}

func (a *App) apiAudit(w http.ResponseWriter, r *http.Request) error {
	c, err := caller(r)
	if err != nil {
		return err
	}
	trail, err := a.cfg.Store.Audit(r.Context(), c, r.FormValue("before"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{"audit": trail, "next_before": nextAudit(trail)})
}

func nextAccount(page []bank.Account) string {
	return lastID(page, func(a bank.Account) string { return a.ID })
}

func nextAudit(page []bank.AuditLine) string {
	return lastID(page, func(l bank.AuditLine) string { return l.ID })
}

// lastID is where the page after a full one goes on, "" where there is none.
func lastID[T any](page []T, id func(T) string) string {
	if len(page) < store.MaxPage {
		return ""
	}
	return id(page[len(page)-1])
}

// readJSON reads one JSON object that holds known fields only. Money is a whole
// number: 1.5, 1e3 and "12" are not read as one.
func readJSON(r *http.Request, into any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return faultMediaType
	}
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil {
		if _, end := dec.Token(); !errors.Is(end, io.EOF) {
			err = errors.New("more than one value")
		}
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return faultTooLarge
	}
	if err != nil {
		return &fault{http.StatusBadRequest, "malformed", "The body is not what is expected here: " + ofJSON(err) + "."}
	}
	return nil
}

// ofJSON says what is wrong with a document in the words of the document: the
// package's own message for a value of a wrong type names types of this program.
func ofJSON(err error) string {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return strings.TrimSpace(wrong.Field + " cannot be " + wrong.Value)
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

func idempotencyKey(r *http.Request) (string, error) {
	keys := r.Header.Values("Idempotency-Key")
	if len(keys) != 1 || !printable(keys[0]) {
		return "", faultNoKey
	}
	return keys[0], nil
}

func printable(key string) bool {
	if key == "" || len(key) > 128 {
		return false
	}
	return !strings.ContainsFunc(key, func(r rune) bool { return r < '!' || r > '~' })
}

func tellReplay(w http.ResponseWriter, replayed bool) {
	if replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	}
}

func writeJSON(w http.ResponseWriter, status int, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // the client may be gone
	return nil
}
