package describetest

import (
	"go/ast"
	"go/types"
)

// found is what is reached from a handler.
type found struct{ problems, fields, query, headers map[string]bool }

// reach follows what a handler mentions. Interfaces of the domain stand for what
// functions put into them.
func (s *source) reach(handler types.Object) found {
	all := found{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
	seen, next := map[types.Object]bool{}, []types.Object{handler}
	for len(next) > 0 {
		object := next[0]
		next = next[1:]
		if seen[object] {
			continue
		}
		seen[object] = true
		if f := s.functions[object]; f != nil {
			s.gather(all, f)
			next = append(next, f.mentions...)
			continue
		}
		next = append(next, s.behind(all, object)...)
	}
	return all
}

func (s *source) gather(all found, f *function) {
	put(all.problems, f.problems)
	put(all.fields, f.fields)
	put(all.query, f.query)
	put(all.headers, f.headers)
	for _, call := range f.calls { // of functions that are told which field to read
		name, ok := call.Fun.(*ast.Ident)
		if !ok {
			continue
		}
		if callee := s.functions[f.info.Uses[name]]; callee != nil && callee.named >= 0 {
			all.fields[text(f.info, call.Args[callee.named])] = true
		}
	}
}

func put(set map[string]bool, names []string) {
	for _, name := range names {
		set[name] = true
	}
}

// behind is what stands behind a method of one of the domain's interfaces.
func (s *source) behind(all found, object types.Object) []types.Object {
	method, ok := object.(*types.Func)
	if !ok || method.Signature().Recv() == nil {
		return nil
	}
	switch method.Signature().Recv().Type().String() {
	case module + "signup.Store": // signup.ErrBusy is its only error that is told
		all.problems["service_unavailable"] = true
	case module + "signup.Passwords":
		var methods []types.Object
		for candidate := range s.functions {
			if candidate.Name() == method.Name() && candidate.Pkg().Path() == module+"password" {
				methods = append(methods, candidate)
			}
		}
		return methods
	}
	return nil
}
