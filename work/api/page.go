package api

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/store"
)

// settingPaging are the parameters of lists that are whole unless a limit is
// given: there are as many as operators and tenants have made.
func settingPaging() []parameter {
	return []parameter{
		{name: "cursor", text: "where the last page ended"},
		{name: "limit", text: "1 to 1000; all by default", number: true},
	}
}

// place is where something stands in a list: by order, then by name.
type place struct {
	order int
	name  string
}

func (p place) compare(o place) int {
	return cmp.Or(cmp.Compare(p.order, o.order), strings.Compare(p.name, o.name))
}

// cursor is the place as clients get it.
func (p place) cursor() string { return strconv.Itoa(p.order) + "." + p.name }

func parsePlace(text string) (place, error) {
	order, name, ok := strings.Cut(text, ".")
	n, err := strconv.Atoi(order)
	if !ok || err != nil {
		return place{}, fmt.Errorf("%.40q is %w: begin without one", text, store.ErrCursor)
	}
	return place{n, name}, nil
}

// paged gives the part of a list that the query asks for, and the cursor
// behind it. The list is in the order of the places. What comes, goes or moves
// between two pages is in one of them or in none; all else is there once.
func paged[T any](c *call, list []T, at func(*T) place) (part []T, next string, err error) {
	limit, err := c.number("limit", len(list), 1, 1000)
	if err != nil {
		return nil, "", err
	}
	if text := c.query.Get("cursor"); text != "" {
		after, err := parsePlace(text)
		if err != nil {
			return nil, "", err
		}
		for len(list) > 0 && at(&list[0]).compare(after) <= 0 {
			list = list[1:]
		}
	}
	if len(list) > limit {
		list = list[:limit]
		next = at(&list[limit-1]).cursor()
	}
	return nonNil(list), next, nil
}

// byName is the place in a list that is in the order of names.
func byName[T any](name func(*T) string) func(*T) place {
	return func(v *T) place { return place{name: name(v)} }
}

func queuePlace(q *engine.QueueState) place { return place{q.Order, q.Name} }
