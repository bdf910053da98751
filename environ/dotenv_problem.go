package environ

// problemKind is one way for a dotenv file to be wrong.
type problemKind struct{ code, message, help string }

var (
	problemName         = problemKind{"B1101", "expected a variable name", "names are letters, digits and _, and do not begin with a digit; a comment begins with #"}
	problemEquals       = problemKind{"B1102", "expected = after the name", "write NAME=value"}
	problemSpaceEquals  = problemKind{"B1102", "blank between the name and =", "write NAME=value, without blanks around ="}
	problemEqualsSpace  = problemKind{"B1102", "blank between = and the value", "write NAME=value, without blanks around ="}
	problemNameByte     = problemKind{"B1101", "character not allowed in a variable name", "names are letters, digits and _"}
	problemDuplicate    = problemKind{"B1103", "variable is set twice", "remove one of the lines"}
	problemUnterminated = problemKind{"B1104", "quote is never closed", "close it, or put the value in the other kind of quotes"}
	problemAfterQuote   = problemKind{"B1105", "text after the closing quote", "put the whole value in quotes; a comment needs a blank before #"}
	problemBlank        = problemKind{"B1106", "blank in a value without quotes", "put the value in single quotes; a comment begins with a blank and #"}
	problemBareQuote    = problemKind{"B1107", "quote in a value without quotes", "put the whole value in the other kind of quotes"}
	problemBareSlash    = problemKind{"B1108", "backslash in a value without quotes", "put the value in single quotes, where it stands for itself"}
	problemBareDollar   = problemKind{"B1109", "$ in a value without quotes", "nothing is expanded here: put the value in single quotes, where $ stands for itself"}
	problemDollar       = problemKind{"B1109", "$ in double quotes", "nothing is expanded here: write \\$, or use single quotes"}
	problemBareBacktick = problemKind{"B1110", "backtick in a value without quotes", "nothing is run here: put the value in single quotes, where it stands for itself"}
	problemBacktick     = problemKind{"B1110", "backtick in double quotes", "nothing is run here: write \\`, or use single quotes"}
	problemEscape       = problemKind{"B1111", "unknown escape", "known are \\n \\r \\t \\\\ \\\" \\$ \\`; in single quotes a backslash stands for itself"}
	problemHash         = problemKind{"B1112", "# right after =", "put the value in quotes, or a blank before the comment"}
	problemBareHash     = problemKind{"B1112", "# within a value without quotes", "put the value in quotes, or a blank before the comment"}
	problemNUL          = problemKind{"B1113", "NUL byte", "no program can be given one; is this a text file?"}
	problemCR           = problemKind{"B1114", "carriage return without line feed", "write \\r in double quotes, or end lines with LF or CRLF"}
	problemUTF8         = problemKind{"B1115", "text is not UTF-8", "save the file as UTF-8"}
	problemControl      = problemKind{"B1116", "control character in a value without quotes", "put the value in quotes"}
	problemTooLong      = problemKind{"B1117", "value is too long", "a program cannot be given more than 128 KiB in one variable: put it in a file"}
	problemShell        = problemKind{"B1118", "character a shell acts on in a value without quotes", "put the value in single quotes, where ; & | < > ( ) stand for themselves"}
	problemTilde        = problemKind{"B1118", "~ where a shell puts a home directory", "nothing is expanded here: put the value in single quotes, where ~ stands for itself"}
)

// afterName says what is wrong with the byte that stands where = should.
func afterName(c byte) problemKind {
	switch c {
	case '\n', '#':
		return problemEquals
	case ' ', '\t':
		return problemSpaceEquals
	case '\r':
		return problemCR
	case 0:
		return problemNUL
	}
	return problemNameByte
}

// bareProblem says whether an unquoted value may not hold c.
func bareProblem(c byte) (problemKind, bool) {
	switch c {
	case '\'', '"':
		return problemBareQuote, true
	case '\\':
		return problemBareSlash, true
	case '$':
		return problemBareDollar, true
	case '`':
		return problemBareBacktick, true
	case '#':
		return problemBareHash, true
	case ';', '&', '|', '<', '>', '(', ')':
		return problemShell, true
	case 0, '\r':
		return problemKind{}, false // plain has the word on these
	}
	return problemControl, c < ' ' || c == 0x7f
}

// homeAt reports whether value has a ~ at i that a shell would replace.
func homeAt(value string, i int) bool {
	return value[i] == '~' && (i == 0 || value[i-1] == ':')
}

func doubleProblem(c byte) problemKind {
	if c == '$' {
		return problemDollar
	}
	return problemBacktick
}
