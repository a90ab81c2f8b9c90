package config

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"autoconfig/provider"
)

// Schema is the JSON Schema (2020-12) of the configuration, derived from the types the decoder fills.
func Schema() []byte {
	root := schemaOf(reflect.TypeFor[Config]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "autoconfig.yaml"
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(err) // maps of strings cannot fail
	}
	return append(out, '\n')
}

type schema = map[string]any

func schemaOf(t reflect.Type) schema {
	switch t {
	case reflect.TypeFor[Duration]():
		return schema{"type": "string", "pattern": `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$|^0$`}
	case reflect.TypeFor[netip.Prefix]():
		return schema{"type": "string", "pattern": `^[0-9a-fA-F:.]+/[0-9]+$`}
	case reflect.TypeFor[provider.PACCMode]():
		return schema{"enum": []any{"auto", true, false, "true", "false"}}
	case reflect.TypeFor[provider.Server]():
		return schema{"oneOf": []any{schema{"type": "string", "pattern": "^(imaps?|pop3s?|submissions?|sieve)://"},
			objectOf(t)}}
	case reflect.TypeFor[Directory]():
		return schema{"oneOf": []any{schema{"type": "string", "pattern": "^https://"}, objectOf(t)}}
	case reflect.TypeFor[DomainsFiles]():
		one := []any{schema{"type": "string"}, objectOf(reflect.TypeFor[DomainsFile]())}
		return schema{"oneOf": append(one, schema{"type": "array", "items": schema{"oneOf": one}})}
	case reflect.TypeFor[DomainsCommand]():
		return schema{"oneOf": []any{schema{"type": "array", "items": schema{"type": "string"}}, objectOf(t)}}
	case reflect.TypeFor[Resolvers]():
		return schema{"oneOf": []any{schema{"const": systemResolver},
			schema{"type": []any{"array", "null"}, "items": schema{"type": "string"}}}}
	case reflect.TypeFor[Signing]():
		return schema{"oneOf": []any{schema{"const": signingAuto}, objectOf(t)}}
	case reflect.TypeFor[netip.Addr]():
		return schema{"type": "string"}
	case reflect.TypeFor[provider.Autodiscover]():
		return schema{"oneOf": []any{schema{"enum": []any{"settings", "redirect"}}, objectOf(t)}}
	}
	if words, _, _ := wordsOf(t); words != nil {
		return schema{"enum": words}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Struct:
		return objectOf(t)
	case reflect.Slice:
		return schema{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int:
		return schema{"type": "integer", "minimum": 1}
	case reflect.Uint16:
		return schema{"type": "integer", "minimum": 1, "maximum": 65535}
	}
	return schema{"type": "string"}
}

func objectOf(t reflect.Type) schema {
	properties := schema{}
	for key, f := range fieldsOf(t) {
		s := schemaOf(f.Type)
		s["description"] = f.Tag.Get("doc")
		if kind, ok := s["type"].(string); ok && (f.Type.Kind() == reflect.Struct || f.Type.Kind() == reflect.Slice) {
			s["type"] = []any{kind, "null"} // the decoder takes an empty value
		}
		properties[key] = s
	}
	return schema{"type": "object", "properties": properties, "additionalProperties": false}
}

// Key is one key of the configuration, for a reference.
type Key struct{ Path, Kind, Doc string }

// Keys lists every key in the order of the types that the decoder fills, as providers[].incoming[].host. What is below
// a type that was there before, such as a server, is not listed again.
func Keys() []Key { return keysIn("", reflect.TypeFor[Config](), map[reflect.Type]bool{}) }

func keysIn(path string, t reflect.Type, seen map[reflect.Type]bool) (out []Key) {
	for key, f := range fieldsOf(t) {
		t, path := f.Type, joinPath(path, key)
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			if t.Kind() == reflect.Slice {
				path += "[]"
			}
			t = t.Elem()
		}
		s := schemaOf(f.Type)
		if t.Kind() == reflect.Uint8 { // of an address, which is text
			s, path = schema{"type": "string"}, strings.TrimSuffix(path, "[]")
		}
		out = append(out, Key{strings.TrimSuffix(path, "[]"), kindWords(s), f.Tag.Get("doc")})
		if s := schemaOf(t); t.Kind() == reflect.Struct && (s["type"] == "object" || s["oneOf"] != nil) && !seen[t] {
			seen[t] = true
			out = append(out, keysIn(path, t, seen)...)
		}
	}
	return out
}

// kindWords is what a value may be, for people.
func kindWords(s schema) string {
	if list, ok := s["oneOf"].([]any); ok {
		var words []string
		for _, one := range list {
			if one, ok := one.(schema); ok {
				words = append(words, kindWords(one))
			}
		}
		return strings.Join(words, ", or ")
	}
	switch words := s["enum"].(type) {
	case []string:
		return strings.Join(words, ", ")
	case []any: // true and "true" are one word to a person
		var list []string
		for _, word := range words {
			list = append(list, fmt.Sprint(word))
		}
		slices.Sort(list)
		return strings.Join(slices.Compact(list), ", ")
	}
	kind := s["type"]
	if list, ok := kind.([]any); ok {
		kind = list[0]
	}
	switch kind {
	case "array":
		if items, ok := s["items"].(schema); ok {
			return "list of " + kindWords(items)
		}
	case "object":
		return "mapping"
	case "integer":
		return "number"
	case "boolean":
		return "true or false"
	case nil:
		return fmt.Sprint(s["const"])
	}
	return "text"
}
