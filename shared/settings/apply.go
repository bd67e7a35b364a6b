package settings

import (
	"reflect"
	"slices"
	"strconv"
)

// applier writes a document over settings. What is faulty is noted and leaves the setting as it was.
type applier struct{ faults Faults }

func (a *applier) section(key string, n node, target reflect.Value) {
	names := namesOf(target.Type())
	a.members(key, n, func(full string, m member) {
		if i := slices.Index(names, m.name); i >= 0 {
			a.value(full, m.value, target.Field(i))
		} else {
			a.faults.add(full, "unknown key%s", suggestion(names, key, m.name))
		}
	})
}

// members hands each member of an object to use, with its full key.
func (a *applier) members(key string, n node, use func(full string, m member)) {
	if !a.is(key, n, kindSection) {
		return
	}
	for i, m := range n.members {
		full := join(key, m.name)
		if slices.ContainsFunc(n.members[:i], func(earlier member) bool { return earlier.name == m.name }) {
			a.faults.add(full, "appears twice")
			continue
		}
		use(full, m)
	}
}

func (a *applier) value(key string, n node, target reflect.Value) {
	switch field := target.Addr().Interface().(type) {
	case *Duration:
		if n.kind != kindText || field.UnmarshalText([]byte(n.text)) != nil {
			a.faults.add(key, `must be a duration such as "10m", not %s`, n.shown())
		}
	case *bool:
		if a.is(key, n, kindFlag) {
			*field = n.text == "true"
		}
	case *[]string:
		a.list(key, n, field)
	case *map[string]map[string]string:
		a.texts(key, n, *field)
	default:
		a.scalar(key, n, target)
	}
}

func (a *applier) scalar(key string, n node, target reflect.Value) {
	switch kind := target.Kind(); kind {
	case reflect.Struct:
		a.section(key, n, target)
	case reflect.String:
		if a.is(key, n, kindText) {
			target.SetString(n.text)
		}
	case reflect.Int:
		if number, ok := a.whole(key, n, 32, true); ok {
			target.SetInt(number)
		}
	case reflect.Uint8, reflect.Uint32:
		if number, ok := a.whole(key, n, target.Type().Bits(), false); ok {
			target.SetUint(uint64(number))
		}
	default:
		panic("settings: " + key + " has a type that documents can't hold")
	}
}

// whole reads a number of so many bits. Its lower bound is a matter of Validate where the type has one.
func (a *applier) whole(key string, n node, bits int, signed bool) (int64, bool) {
	number, err := strconv.ParseInt(n.text, 10, 64)
	if n.kind != kindNumber || err != nil {
		a.faults.add(key, "must be a whole number, not %s", n.shown())
		return 0, false
	}
	limit := int64(1) << bits
	if number >= limit || (!signed && number < 0) || number <= -limit {
		a.faults.add(key, "%d is out of range", number)
		return 0, false
	}
	return number, true
}

func (a *applier) list(key string, n node, target *[]string) {
	if !a.is(key, n, kindList) {
		return
	}
	list := make([]string, 0, len(n.items))
	for i, entry := range n.items {
		if a.is(item(key, i), entry, kindText) {
			list = append(list, entry.text)
		}
	}
	if len(list) == len(n.items) {
		*target = list
	}
}

// texts merges locale by locale and key by key.
func (a *applier) texts(key string, n node, target map[string]map[string]string) {
	a.members(key, n, func(full string, locale member) {
		if target[locale.name] == nil {
			target[locale.name] = map[string]string{}
		}
		a.members(full, locale.value, func(full string, text member) {
			if a.is(full, text.value, kindText) {
				target[locale.name][text.name] = text.value.text
			}
		})
	})
}

func (a *applier) is(key string, n node, want nodeKind) bool {
	if n.kind != want {
		a.faults.add(key, "must be %s, not %s", want, n.shown())
	}
	return n.kind == want
}

// shown is the value itself where it is short, else its kind.
func (n node) shown() string {
	switch n.kind {
	case kindText:
		return quote(n.text)
	case kindNumber, kindFlag:
		if len(n.text) <= maxQuoted {
			return n.text
		}
	}
	return string(n.kind)
}

// namesOf lists what documents call the fields of section, in their order.
func namesOf(section reflect.Type) []string {
	names := make([]string, section.NumField())
	for i := range names {
		names[i] = section.Field(i).Tag.Get("json")
	}
	return names
}
