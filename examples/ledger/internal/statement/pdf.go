package statement

import (
	"fmt"
	"io"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
)

// Measures of an A4 page in millimetres.
const (
	margin    = 18.0
	rowHeight = 6.5
)

// column is one column of the table of entries.
type column struct {
	title string
	width float64
	align string
	value func(bank.Entry) string
}

// columns fill the width of the page between its margins.
var columns = []column{
	{"Date", 22, "L", func(e bank.Entry) string { return e.At.Format(time.DateOnly) }},
	{"Movement", 23, "L", func(e bank.Entry) string { return string(e.Kind) }},
	{"Other account", 38, "L", func(e bank.Entry) string { return e.Other }},
	{"Memo", 43, "L", func(e bank.Entry) string { return e.Memo }},
	{"Change", 23, "R", func(e bank.Entry) string { return e.Change.String() }},
	{"Balance", 25, "R", func(e bank.Entry) string { return e.Balance.String() }},
}

// page draws one statement. Its fonts are those every reader of PDF has, which
// know the characters of Windows-1252.
type page struct {
	*fpdf.Fpdf
	encode func(string) string
}

func writePDF(w io.Writer, st bank.Statement) error {
	p := page{Fpdf: fpdf.New("P", "mm", "A4", "")}
	p.encode = p.UnicodeTranslatorFromDescriptor("")
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(true, margin+6)
	p.AliasNbPages("{pages}")
	p.SetTitle(fmt.Sprintf("%s, %s, %s", st.Tenant.Name, st.Account.Name, st.Month.Format("January 2006")), true)
	p.SetCreator("Ledger", true)
	p.SetLang("en")
	p.SetFooterFunc(func() { p.footer(st) })
	p.SetHeaderFuncMode(func() {
		if p.PageNo() > 1 {
			p.heading()
		}
	}, false)
	p.AddPage()
	p.title(st)
	p.heading()
	for i, e := range st.Entries {
		p.entry(e, i%2 == 1)
	}
	if len(st.Entries) == 0 {
		p.SetFont("Helvetica", "I", 9)
		p.CellFormat(0, 2*rowHeight, "Nothing happened on this account in this month.", "", 1, "C", false, 0, "")
	}
	p.closing(st)
	return p.Output(w)
}

func (p page) title(st bank.Statement) {
	p.SetTextColor(10, 107, 79)
	p.SetFont("Helvetica", "B", 11)
	p.CellFormat(0, 6, p.encode(st.Tenant.Name), "", 1, "L", false, 0, "")
	p.SetTextColor(22, 25, 31)
	p.SetFont("Helvetica", "B", 20)
	p.CellFormat(0, 11, "Statement, "+st.Month.Format("January 2006"), "", 1, "L", false, 0, "")
	p.Ln(3)
	last := st.Month.AddDate(0, 1, -1)
	for _, line := range [][2]string{
		{"Account", st.Account.Name + " (" + st.Account.ID + ")"},
		{"Owner", st.Account.Owner},
		{"Period", st.Month.Format(time.DateOnly) + " to " + last.Format(time.DateOnly) + " (UTC)"},
		{"Opening balance", st.Opening.String() + " " + st.Tenant.Currency},
	} {
		p.SetFont("Helvetica", "", 9)
		p.SetTextColor(81, 90, 104)
		p.CellFormat(34, 5.5, line[0], "", 0, "L", false, 0, "")
		p.SetTextColor(22, 25, 31)
		p.CellFormat(0, 5.5, p.fit(line[1], 130), "", 1, "L", false, 0, "")
	}
	p.Ln(5)
}

// heading draws the head of the table, on every page.
func (p page) heading() {
	p.SetFont("Helvetica", "B", 9)
	p.SetTextColor(255, 255, 255)
	p.SetFillColor(10, 107, 79)
	for _, c := range columns {
		p.CellFormat(c.width, rowHeight+0.5, c.title, "", 0, c.align, true, 0, "")
	}
	p.Ln(rowHeight + 0.5)
	p.SetTextColor(22, 25, 31)
	p.SetFont("Helvetica", "", 9)
}

func (p page) entry(e bank.Entry, shaded bool) {
	p.SetFont("Helvetica", "", 9)
	p.SetFillColor(240, 246, 243)
	for _, c := range columns {
		p.CellFormat(c.width, rowHeight, p.fit(c.value(e), c.width), "", 0, c.align, shaded, 0, "")
	}
	p.Ln(rowHeight)
}

func (p page) closing(st bank.Statement) {
	p.SetDrawColor(10, 107, 79)
	p.SetFont("Helvetica", "B", 9)
	width := 0.0
	for _, c := range columns[:len(columns)-1] {
		width += c.width
	}
	p.CellFormat(width, rowHeight+1, "Closing balance in "+st.Tenant.Currency, "T", 0, "R", false, 0, "")
	p.CellFormat(columns[len(columns)-1].width, rowHeight+1, st.Closing.String(), "T", 1, "R", false, 0, "")
}

func (p page) footer(st bank.Statement) {
	p.SetY(-margin)
	p.SetFont("Helvetica", "", 8)
	p.SetTextColor(81, 90, 104)
	p.CellFormat(120, 5, p.fit(st.Tenant.Name+" · "+st.Account.ID, 120), "", 0, "L", false, 0, "")
	p.CellFormat(0, 5, fmt.Sprintf("Page %d of {pages}", p.PageNo()), "", 0, "R", false, 0, "")
	p.SetTextColor(22, 25, 31)
}

// fit shortens text that is wider than its cell.
func (p page) fit(text string, width float64) string {
	const padding = 2
	runes := []rune(text)
	for n := len(runes); n > 0; n-- {
		shown := string(runes[:n])
		if n < len(runes) {
			shown += "…"
		}
		if encoded := p.encode(shown); p.GetStringWidth(encoded) <= width-padding {
			return encoded
		}
	}
	return ""
}
