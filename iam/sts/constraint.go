package sts

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/berth-project/berth/arn"
)

// constraints gathers what is wrong with the parameters of a call. The vendor
// reports all of it in one message.
type constraints []string

func (c *constraints) add(name, value, must string) {
	*c = append(*c, fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Member must %s", clip(value), name, must))
}

// required wants a value.
func (c *constraints) required(name, value string) {
	if value == "" {
		*c = append(*c, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", name))
	}
}

// length wants a value of so many characters, unless it is absent.
func (c *constraints) length(name, value string, least, most int) {
	if value == "" {
		return
	}
	switch n := utf8.RuneCountInString(value); {
	case n < least:
		c.add(name, value, "have length greater than or equal to "+strconv.Itoa(least))
	case n > most:
		c.add(name, value, "have length less than or equal to "+strconv.Itoa(most))
	}
}

// class wants letters, digits, underscores and the further characters.
func (c *constraints) class(name, value, further, pattern string) {
	if !word(value, further) {
		c.add(name, value, "satisfy regular expression pattern: "+pattern)
	}
}

// between wants a number in a range, unless it is absent.
func (c *constraints) between(name string, value *int, least, most int) {
	switch {
	case value == nil:
	case *value < least:
		c.add(name, strconv.Itoa(*value), "have value greater than or equal to "+strconv.Itoa(least))
	case *value > most:
		c.add(name, strconv.Itoa(*value), "have value less than or equal to "+strconv.Itoa(most))
	}
}

// arn wants an ARN parameter. What it names is looked at elsewhere.
func (c *constraints) arn(name, value string) {
	c.required(name, value)
	c.length(name, value, 20, arn.MaxLength)
}

// sessionName wants the name of a session or a source identity: both have one
// pattern (API reference: roleSessionNameType, sourceIdentityType).
func (c *constraints) sessionName(name, value string) {
	c.length(name, value, 2, 64)
	c.class(name, value, "+=,.@-", `[\w+=,.@-]*`)
}

// refusal returns the vendor's message for all of them, nil for none.
func (c constraints) refusal() *Refusal {
	switch len(c) {
	case 0:
		return nil
	case 1:
		return refuse(ValidationError, "1 validation error detected: "+c[0])
	}
	return refuse(ValidationError, strconv.Itoa(len(c))+" validation errors detected: "+strings.Join(c, "; "))
}
