package workflow

import "time"

// Definition is a version of a workflow that was kept under its name. It does not
// change; another version takes its place.
type Definition struct {
	// Name is the document's.
	Name string `json:"name"`
	// Version counts from 1.
	Version int `json:"version"`
	// Tenant is whose it is, "" for one every tenant may run.
	Tenant string `json:"tenant,omitempty"`
	// Document is what runs of it do.
	Document *Document `json:"document"`
	// Created is when it was kept, By who did.
	Created time.Time `json:"created"`
	By      string    `json:"by,omitempty"`
}
