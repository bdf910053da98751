// Package environ puts together the environment of the programs Berth runs:
// from ordered sources, with the origin of every variable on record and every
// value in a type that does not print.
//
// # Sources
//
// A [Source] loads variables; [Resolve] merges sources in order, and the later
// one wins. A variable set to the empty string is set: it wins and loses like
// any other. It does not satisfy [Options.Require].
//
// # Dotenv files
//
// The format is the part that shells and the dotenv libraries agree on. Where
// they do not, [ParseDotenv] refuses and says what to write instead. One thing
// is taken although a shell reads it differently, because every library has
// it: the escapes \n, \r and \t between double quotes.
//
//	file     = { line } ;
//	line     = blanks [ "export" blanks1 ] assignment | comment | blanks ;
//	assignment = NAME "=" [ value ] blanks [ comment ] ;
//	NAME     = letter or "_", then letters, digits, "_" ;
//	value    = bare | "'" any but "'" "'" | '"' { char | escape } '"' ;
//	bare     = any but blanks, quotes, \ $ ` # ; & | < > ( ), control bytes,
//	           and "~" at the start or behind ":" ;
//	escape   = "\" ( "n" | "r" | "t" | "\" | '"' | "$" | "`" ) ;
//	comment  = "#" up to the end of the line; after a value only behind a blank.
//
// Quoted values may go over several lines. Between double quotes "$" and "`"
// have to be escaped: nothing is ever expanded or run, and a file that looks
// as if it were is refused. Lines end with LF or CRLF (within a quoted value
// CRLF becomes LF); a byte order mark at the start is skipped; the text is
// UTF-8 without NUL.
//
// # Showing
//
// [Mask] renders a value for people. It shows the value itself only when the
// name and the value are both plainly harmless, and its rough length
// otherwise.
package environ
