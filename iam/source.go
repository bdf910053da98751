package iam

// source is the text of a document and where its elements stand.
type source struct {
	text []byte
}
