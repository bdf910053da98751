package statement

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
)

func writeCSV(w io.Writer, st bank.Statement) error {
	out := csv.NewWriter(w)
	rows := [][]string{
		{"number", "date", "kind", "other account", "memo", "change", "balance", "currency"},
		{"", st.Month.Format(time.DateOnly), "opening balance", "", "", "", st.Opening.Plain(), st.Tenant.Currency},
	}
	for _, e := range st.Entries {
		rows = append(rows, []string{
			strconv.FormatInt(e.Number, 10), e.At.Format(time.RFC3339), string(e.Kind), e.Other, inert(e.Memo),
			e.Change.Plain(), e.Balance.Plain(), st.Tenant.Currency,
		})
	}
	return out.WriteAll(rows)
}

// inert keeps spreadsheets from taking what somebody wrote for a formula.
func inert(text string) string {
	if strings.ContainsAny(text[:min(len(text), 1)], "=+-@\t\r") {
		return "'" + text
	}
	return text
}
