// Package tables holds what the tables of SQLite and PostgreSQL have in
// common: how a run is spread over columns, how lists are filtered, ordered
// and continued, and how text is kept that a database would not take.
package tables
