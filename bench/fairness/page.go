package main

import (
	"bytes"
	_ "embed"
	"text/template"
)

//go:embed fairness.md.tmpl
var text string

// pages are the files under docs/, by their path there.
func pages() (map[string][]byte, error) {
	byPolicy, table, err := policies()
	if err != nil {
		return nil, err
	}
	byWeight, err := shares()
	if err != nil {
		return nil, err
	}
	byClass, err := classes()
	if err != nil {
		return nil, err
	}
	at, err := simulateScale()
	if err != nil {
		return nil, err
	}
	t, err := template.New("fairness.md").Parse(text)
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	err = t.Execute(&page, map[string]any{
		"Policies": byPolicy, "Table": table, "Shares": byWeight, "Classes": byClass,
		"Busy": at.busy, "Picks": at.picks, "Worst": at.worst * 100, "Bound": at.bound,
	})
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"fairness.md":           page.Bytes(),
		"fairness/policies.svg": byPolicy.svg(),
		"fairness/shares.svg":   byWeight.svg(),
		"fairness/classes.svg":  byClass.svg(),
	}, nil
}

// Alt is what the picture says, for those who do not see it.
func (c chart) Alt() string { return c.title + ". " + c.desc }
