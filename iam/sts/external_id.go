package sts

import (
	"encoding/hex"
	"fmt"
	"io"
)

// NewExternalID returns an external ID of 128 random bits, in hexadecimal. It is
// the vendor who makes it, one for each customer, and never the customer: an
// ID the customer may choose is one that an attacker may choose too (IAM User
// Guide, "The confused deputy problem"). It is not a secret, but nobody must be
// able to guess which one belongs to whom.
func NewExternalID(rand io.Reader) (string, error) {
	var bits [16]byte
	if _, err := io.ReadFull(rand, bits[:]); err != nil {
		return "", fmt.Errorf("random bits for an external ID: %w", err)
	}
	return hex.EncodeToString(bits[:]), nil
}
