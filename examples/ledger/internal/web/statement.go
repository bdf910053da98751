package web

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
	"github.com/berth-project/berth/examples/ledger/internal/statement"
)

// statement writes the statement of a month into a file and tells the gateway
// to send it. The app decides who may have it and is done; the gateway moves the
// bytes, with ranges and for slow clients.
func (a *App) statement(format statement.Format) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		c, err := caller(r)
		if err != nil {
			return err
		}
		if format == statement.PDF && !c.Premium {
			return bank.RefuseRole("Statements as PDF are part of the premium plan.")
		}
		month, err := a.month(r)
		if err != nil {
			return err
		}
		st, err := a.cfg.Store.Statement(r.Context(), c, r.PathValue("id"), month)
		if err != nil {
			return err
		}
		name, err := a.cfg.Shelf.Put(format, st)
		if err != nil {
			return err
		}
		h := w.Header()
		h.Set("Content-Type", format.MediaType())
		h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q",
			fmt.Sprintf("%s-%s-%s.%s", c.Tenant, st.Account.ID, st.Month.Format("2006-01"), format)))
		if a.cfg.Direct {
			return a.sendFile(w, r, name)
		}
		h.Set("X-Accel-Redirect", InternalPrefix+name)
		return nil
	}
}

// sendFile stands in for the gateway.
func (a *App) sendFile(w http.ResponseWriter, r *http.Request, name string) error {
	file, err := os.Open(filepath.Join(a.cfg.Shelf.Directory, name))
	if err != nil {
		return err
	}
	defer file.Close()
	http.ServeContent(w, r, "", time.Time{}, file)
	return nil
}

// month is the month of ?month=2026-11, this one where it is not given.
func (a *App) month(r *http.Request) (time.Time, error) {
	now := a.cfg.Now().UTC()
	text := r.URL.Query().Get("month")
	if text == "" {
		return now, nil
	}
	month, err := time.Parse("2006-01", text)
	if err != nil || month.Year() < 2000 || month.After(now) {
		return month, bank.RefuseInput("month must be a past month or this one, such as " + now.Format("2006-01") + ".")
	}
	return month, nil
}
