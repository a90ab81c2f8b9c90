package config

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"

	"autoconfig/provider"
)

// Schema is the JSON Schema (2020-12) of the configuration, derived from the types the decoder fills.
func Schema() []byte {
	root, _ := schemaOf(reflect.TypeFor[Config]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "autoconfig.yaml"
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(err) // maps of strings cannot fail
	}
	return append(out, '\n')
}

type schema = map[string]any

// either is a value of one of several forms.
func either(forms ...any) schema { return schema{"oneOf": forms} }

// schemaOf describes the values of a type, to a program and in words.
func schemaOf(t reflect.Type) (_ schema, kind string) {
	text := schema{"type": "string"}
	switch t {
	case reflect.TypeFor[Duration]():
		return schema{"type": "string", "pattern": `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$|^0$`}, "text"
	case reflect.TypeFor[netip.Prefix]():
		return schema{"type": "string", "pattern": `^[0-9a-fA-F:.]+/[0-9]+$`}, "text"
	case reflect.TypeFor[netip.Addr]():
		return text, "text"
	case reflect.TypeFor[provider.PACCMode]():
		return schema{"enum": []any{"auto", true, false, "true", "false"}}, "auto, false, true"
	case reflect.TypeFor[provider.Server]():
		url := schema{"type": "string", "pattern": "^(imaps?|pop3s?|submissions?|sieve)://"}
		return either(url, objectOf(t)), "text, or mapping"
	case reflect.TypeFor[Directory]():
		return either(schema{"type": "string", "pattern": "^https://"}, objectOf(t)), "text, or mapping"
	case reflect.TypeFor[DomainsFiles]():
		one := []any{text, objectOf(reflect.TypeFor[DomainsFile]())}
		list := schema{"type": "array", "items": either(one...)}
		return either(append(one, list)...), "text, or mapping, or list of text, or mapping"
	case reflect.TypeFor[DomainsCommand]():
		return either(schema{"type": "array", "items": text}, objectOf(t)), "list of text, or mapping"
	case reflect.TypeFor[Resolvers]():
		list := schema{"type": []any{"array", "null"}, "items": text}
		return either(schema{"const": systemResolver}, list), systemResolver + ", or list of text"
	case reflect.TypeFor[Signing]():
		return either(schema{"const": signingAuto}, objectOf(t)), signingAuto + ", or mapping"
	case reflect.TypeFor[provider.Autodiscover]():
		words := schema{"enum": []any{"settings", "redirect"}}
		return either(words, objectOf(t)), "redirect, settings, or mapping"
	}
	if words, _, _ := wordsOf(t); words != nil {
		return schema{"enum": words}, strings.Join(words, ", ")
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Struct:
		return objectOf(t), "mapping"
	case reflect.Slice:
		items, kind := schemaOf(t.Elem())
		return schema{"type": "array", "items": items}, "list of " + kind
	case reflect.Bool:
		return schema{"type": "boolean"}, "true or false"
	case reflect.Int:
		return schema{"type": "integer", "minimum": 1}, "number"
	case reflect.Uint16:
		return schema{"type": "integer", "minimum": 1, "maximum": 65535}, "number"
	}
	return text, "text"
}

func objectOf(t reflect.Type) schema {
	properties := schema{}
	for key, f := range fieldsOf(t) {
		s, _ := schemaOf(f.Type)
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
		_, kind := schemaOf(f.Type)
		out = append(out, Key{strings.TrimSuffix(path, "[]"), kind, f.Tag.Get("doc")})
		if _, kind := schemaOf(t); t.Kind() == reflect.Struct && strings.Contains(kind, "mapping") && !seen[t] {
			seen[t] = true
			out = append(out, keysIn(path, t, seen)...)
		}
	}
	return out
}
