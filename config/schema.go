package config

import (
	"encoding/json"
	"net/netip"
	"reflect"

	"autoconfig/provider"
)

// Schema is the JSON Schema (2020-12) of the configuration, derived from the
// types the decoder fills.
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
		return schema{"oneOf": []any{schema{"type": "string", "pattern": "^(imaps?|pop3s?|submissions?|sieve)://"}, objectOf(t)}}
	case reflect.TypeFor[Directory]():
		return schema{"oneOf": []any{schema{"type": "string", "pattern": "^https://"}, objectOf(t)}}
	case reflect.TypeFor[Resolvers]():
		return schema{"oneOf": []any{schema{"const": systemResolver}, schema{"type": []any{"array", "null"}, "items": schema{"type": "string"}}}}
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
