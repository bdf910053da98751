package statement_test

import (
	"bytes"
	"compress/zlib"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
	"github.com/berth-project/berth/examples/ledger/internal/statement"
)

var april = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)

func sample(entries int) bank.Statement {
	st := bank.Statement{
		Tenant:  bank.Tenant{ID: "acme", Name: "Acme Crédit Union", Currency: "USD"},
		Account: bank.Account{Tenant: "acme", ID: "casey-checking", Name: "Checking", Owner: "casey@acme.test"},
		Month:   april, Opening: 1_000_00, Closing: 1_000_00,
	}
	for i := range entries {
		st.Closing += 1_50
		st.Entries = append(st.Entries, bank.Entry{
			Number: int64(i + 1), Kind: bank.Deposit, Change: 1_50, Balance: st.Closing, Other: "cash",
			Memo: "für Käse (50%) \\ 日本 " + strings.Repeat("long ", 20), At: april.Add(time.Duration(i) * time.Hour),
		})
	}
	return st
}

func TestPDFIsWellFormed(t *testing.T) {
	t.Parallel()
	for entries, pages := range map[int]int{0: 1, 3: 1, 60: 2, 200: 6} {
		var out bytes.Buffer
		if err := statement.PDF.Write(&out, sample(entries)); err != nil {
			t.Fatal(err)
		}
		checkPDF(t, out.Bytes())
		if got := len(regexp.MustCompile(`/Type /Page\b[^s]`).FindAll(out.Bytes(), -1)); got != pages {
			t.Errorf("%d entries make %d pages, want %d", entries, got, pages)
		}
		text := pdfText(t, out.Bytes())
		closing := sample(entries).Closing.String()
		for _, want := range []string{"Statement, April 2026", "casey@acme.test", "Closing balance in USD", closing, "Acme Cr\xe9dit Union"} {
			if !strings.Contains(text, want) {
				t.Errorf("the statement of %d entries does not say %q", entries, want)
			}
		}
		if got := strings.Count(text, "(deposit)"); got != entries {
			t.Errorf("the statement lists %d of %d entries", got, entries)
		}
	}
}

// checkPDF follows the cross-reference table: each of its offsets must lead to
// the object it names (ISO 32000-1 section 7.5.4).
func checkPDF(t *testing.T, file []byte) {
	t.Helper()
	if !bytes.HasPrefix(file, []byte("%PDF-1.")) || !bytes.HasSuffix(bytes.TrimSpace(file), []byte("%%EOF")) {
		t.Fatalf("not a PDF: %.20q … %.20q", file, file[max(0, len(file)-20):])
	}
	start := regexp.MustCompile(`startxref\s+(\d+)\s+%%EOF`).FindSubmatch(file)
	if start == nil {
		t.Fatal("no startxref")
	}
	at, _ := strconv.Atoi(string(start[1]))
	if at >= len(file) || !bytes.HasPrefix(file[at:], []byte("xref")) {
		t.Fatalf("startxref %d does not lead to the table", at)
	}
	offsets := regexp.MustCompile(`(?m)^(\d{10}) 00000 n`).FindAllSubmatch(file[at:], -1)
	if len(offsets) < 5 {
		t.Fatalf("the table has %d objects", len(offsets))
	}
	for i, m := range offsets {
		offset, _ := strconv.Atoi(string(m[1]))
		if want := fmt.Sprintf("%d 0 obj", i+1); !bytes.HasPrefix(file[offset:], []byte(want)) {
			t.Errorf("object %d is not at %d", i+1, offset)
		}
	}
}

// pdfText inflates every stream that can be.
func pdfText(t *testing.T, file []byte) string {
	t.Helper()
	var all strings.Builder
	for _, m := range regexp.MustCompile(`(?s)stream\r?\n(.*?)\r?\nendstream`).FindAllSubmatch(file, -1) {
		r, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

func TestCSVReadsBack(t *testing.T) {
	t.Parallel()
	st := sample(0)
	st.Entries = []bank.Entry{
		{Number: 1, Kind: bank.Deposit, Change: 1_234_56, Balance: 2_234_56, Other: "cash", Memo: `a "quoted", memo`, At: april},
		{Number: 2, Kind: bank.Transfer, Change: -5, Balance: 2_234_51, Other: "cody", Memo: "=HYPERLINK(1)", At: april.Add(time.Hour)},
		{Number: 3, Kind: bank.Transfer, Change: -5, Balance: 2_234_46, Other: "cody", Memo: "@sum", At: april.Add(2 * time.Hour)},
	}
	var out bytes.Buffer
	if err := statement.CSV.Write(&out, st); err != nil {
		t.Fatal(err)
	}
	got, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"number", "date", "kind", "other account", "memo", "change", "balance", "currency"},
		{"", "2026-04-01", "opening balance", "", "", "", "1000.00", "USD"},
		{"1", "2026-04-01T00:00:00Z", "deposit", "cash", `a "quoted", memo`, "1234.56", "2234.56", "USD"},
		{"2", "2026-04-01T01:00:00Z", "transfer", "cody", "'=HYPERLINK(1)", "-0.05", "2234.51", "USD"},
		{"3", "2026-04-01T02:00:00Z", "transfer", "cody", "'@sum", "-0.05", "2234.46", "USD"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("CSV (-want +got):\n%s", diff)
	}
}

func TestUnknownFormatIsRefused(t *testing.T) {
	t.Parallel()
	if err := statement.Format("exe").Write(io.Discard, sample(1)); err == nil {
		t.Error(`Format("exe").Write() = nil, want an error`)
	}
}

func TestShelfKeepsFilesForAWhile(t *testing.T) {
	t.Parallel()
	now := time.Now()
	shelf := statement.Shelf{Directory: filepath.Join(t.TempDir(), "new"), Keep: 5 * time.Minute, Now: func() time.Time { return now }}
	put := func() string {
		t.Helper()
		name, err := shelf.Put(statement.CSV, sample(2))
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
	first, second := put(), put()
	if first == second || len(first) < 26+len(".csv") {
		t.Errorf("names %q and %q, want long random ones", first, second)
	}
	info, err := os.Stat(filepath.Join(shelf.Directory, first))
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() == 0 {
		t.Errorf("Stat() = %v, %v, want a file for its owner alone", info, err)
	}
	now = now.Add(10 * time.Minute)
	third := put() // as old as the others by its own time, but written after the sweep
	left, err := os.ReadDir(shelf.Directory)
	if err != nil || len(left) != 1 || left[0].Name() != third {
		t.Errorf("after ten minutes there are %v, %v, want %s alone", left, err, third)
	}
}
