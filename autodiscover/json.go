package autodiscover

import (
	"bytes"
	"encoding/json"
	"strings"

	"autoconfig/provider"
)

// The error codes of Autodiscover v2, as Exchange sends them.
const (
	InvalidProtocol           = "InvalidProtocol"           // status 400
	MandatoryParameterMissing = "MandatoryParameterMissing" // status 400
	UserNotFound              = "UserNotFound"              // status 404
)

// The protocols of Autodiscover v2 that can be answered, as they are spelled in the answer.
const (
	ProtocolAutodiscoverV1 = "AutodiscoverV1"
	ProtocolActiveSync     = "ActiveSync"
	ProtocolEWS            = "Ews"
)

// ProtocolURL is what v2 answers for a protocol, whose letter case does not matter: its proper name and its URL. The
// POX service is at host, the name this server is reached by. Ews is offered where it is configured, Rest, Graph and
// the like are not; ok is false for them, which is error [InvalidProtocol]. p is as seen from the domain asked
// ([provider.Provider.For]).
func ProtocolURL(p *provider.Provider, protocol, host string) (name, url string, ok bool) {
	switch {
	case strings.EqualFold(protocol, ProtocolAutodiscoverV1):
		return ProtocolAutodiscoverV1, "https://" + host + "/autodiscover/autodiscover.xml", true
	case strings.EqualFold(protocol, ProtocolActiveSync) && p.ActiveSync != "":
		return ProtocolActiveSync, p.ActiveSync, true
	case strings.EqualFold(protocol, ProtocolEWS) && p.EWS != "":
		return ProtocolEWS, p.EWS, true
	}
	return "", "", false
}

// EncodeJSON is the v2 answer that protocol is served at url.
func EncodeJSON(protocol, url string) []byte {
	return marshal(struct{ Protocol, Url string }{protocol, url})
}

// EncodeJSONError is the v2 error with one of the codes and a message, which should repeat nothing of the request.
func EncodeJSONError(code, message string) []byte {
	return marshal(struct{ ErrorCode, ErrorMessage string }{code, message})
}

func marshal(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // an & in a URL stays one
	_ = e.Encode(v)        // strings always encode
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// AnswerJSON is a v2 answer: a protocol with its URL, or an error.
type AnswerJSON struct{ Protocol, URL, ErrorCode, ErrorMessage string }

// DecodeJSON reads a v2 answer.
func DecodeJSON(body []byte) (a AnswerJSON, err error) {
	err = json.Unmarshal(body, &a)
	return a, err
}
