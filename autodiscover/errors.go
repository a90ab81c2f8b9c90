package autodiscover

import (
	"fmt"
	"strconv"
	"time"
)

// The error codes of an answer (MS-OXDSCLI §2.2.4.1.1.3.2 ErrorCode).
const (
	CodeNotFound       = 500 // the address is not served here
	CodeNoOptions      = 501 // served, but nothing this format can state
	CodeInvalidRequest = 600 // not XML, no address, a directive
	CodeNotProvided    = 601 // the schema asked for is not offered
	CodeInternal       = 603 // the answer is not known now
)

// Error is an Autodiscover error answer.
type Error struct {
	Code    int    // one of the Code constants, or what a foreign server sent
	Message string // as it is in the answer; never holds anything of the request
}

var messages = map[int]string{
	CodeNotFound:       "The email address cannot be found.",
	CodeNoOptions:      "The email address has no configuration options.",
	CodeInvalidRequest: "Invalid Request",
	CodeNotProvided:    "The requested schema is not provided.",
	CodeInternal:       "Internal error, try again later.",
}

// NewError is the error with one of the Code constants, and its message.
func NewError(code int) *Error { return &Error{Code: code, Message: messages[code]} }

// Error is the code and its message.
func (e *Error) Error() string {
	return fmt.Sprintf("autodiscover: error %d: %s", e.Code, e.Message)
}

// errorID is where Exchange puts a hash of its host name. Clients show it
// at most; ours is the same everywhere and tells nothing.
const errorID = "1054084152"

// EncodeError is the answer that carries e, to be sent with HTTP status 200. Its Response element inherits the root's
// namespace in either schema (MS-ASCMD §4.2.5). The time is written in UTC.
func EncodeError(e *Error, now time.Time) []byte {
	b := append([]byte(nil), header...)
	b = append(b, "  <Response>\n    <Error Time=\""...)
	b = now.UTC().AppendFormat(b, "15:04:05.0000000")
	b = append(b, `" Id="`+errorID+"\">\n      <ErrorCode>"...)
	b = strconv.AppendInt(b, int64(e.Code), 10)
	b = append(b, "</ErrorCode>\n      <Message>"...)
	b = EscapeText(b, e.Message)
	return append(b, "</Message>\n      <DebugData/>\n    </Error>\n  </Response>\n</Autodiscover>\n"...)
}
