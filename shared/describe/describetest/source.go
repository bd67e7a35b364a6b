package describetest

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const module = "github.com/doorstep-auth/doorstep/shared/"

// source is what the packages behind the wire say in their code: which function
// mentions which, and what each reads and refuses itself.
type source struct {
	wire      string // its package's path
	functions map[types.Object]*function
	packages  map[string]*types.Package
	serves    map[string]types.Object // by the name of an operation's variable: its handler
	problems  map[types.Object]string // variable of package problem: its code
}

// function is a function's own body, closures included.
type function struct {
	mentions []types.Object
	problems []string // codes that it makes errors of
	fields   []string // fields of the form that it reads
	query    []string
	headers  []string
	named    int // index of the parameter that names a field which it reads, or -1
	calls    []*ast.CallExpr
	info     *types.Info
}

type listed struct {
	ImportPath, Export, Dir string
	GoFiles                 []string
}

// readSource type-checks the packages from source, and what else they import from
// what the compiler wrote.
func readSource(t *testing.T, wire string) *source {
	t.Helper()
	list := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export,Dir,GoFiles", module+"wire/"+wire, module+"password")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	s := &source{
		wire: module + "wire/" + wire,

		functions: map[types.Object]*function{}, packages: map[string]*types.Package{},
		serves: map[string]types.Object{}, problems: map[types.Object]string{},
	}
	exports, files := map[string]string{}, token.NewFileSet()
	compiled := importer.ForCompiler(files, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; { // dependencies come first
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if strings.HasPrefix(p.ImportPath, module) {
			s.add(t, files, p, importing{s.packages, compiled})
		}
	}
	return s
}

type importing struct {
	checked  map[string]*types.Package
	compiled types.Importer
}

// Import implements types.Importer.
func (i importing) Import(path string) (*types.Package, error) {
	if checked := i.checked[path]; checked != nil {
		return checked, nil
	}
	return i.compiled.Import(path)
}

func (s *source) add(t *testing.T, files *token.FileSet, p listed, imports types.Importer) {
	t.Helper()
	var parsed []*ast.File
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(files, filepath.Join(p.Dir, name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}, Types: map[ast.Expr]types.TypeAndValue{}}
	checked, err := (&types.Config{Importer: imports}).Check(p.ImportPath, files, parsed, info)
	if err != nil {
		t.Fatal(err)
	}
	s.packages[p.ImportPath] = checked
	for _, file := range parsed {
		for _, declaration := range file.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				s.addFunction(info, d)
			case *ast.GenDecl:
				s.addProblems(info, d)
			}
		}
	}
}

var servesOperation = regexp.MustCompile(`^\w+ serves (\w+)`)

func (s *source) addFunction(info *types.Info, d *ast.FuncDecl) {
	object := info.Defs[d.Name]
	f := &function{named: -1, info: info}
	s.functions[object] = f
	if match := servesOperation.FindStringSubmatch(d.Doc.Text()); match != nil && object.Pkg().Path() == s.wire {
		s.serves[match[1]] = object
	}
	if d.Body == nil {
		return
	}
	ast.Inspect(d.Body, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.Ident:
			if mentioned, ok := info.Uses[n].(*types.Func); ok {
				f.mentions = append(f.mentions, mentioned)
			}
		case *ast.CallExpr:
			f.calls = append(f.calls, n)
			s.readCall(f, object.(*types.Func), n)
		case *ast.IndexExpr:
			if selector, ok := n.X.(*ast.SelectorExpr); ok && selector.Sel.Name == "Query" {
				f.query = append(f.query, text(info, n.Index))
			}
		}
		return true
	})
}

// readCall notes what a call reads of the request, and of which problem it makes an error.
func (s *source) readCall(f *function, in *types.Func, call *ast.CallExpr) {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || f.info.Uses[selector.Sel] == nil {
		return
	}
	callee, ok := f.info.Uses[selector.Sel].(*types.Func)
	if !ok {
		return
	}
	switch callee.FullName() {
	case "(*" + module + "gateway.Fields).Text", "(*" + module + "gateway.Fields).String", "(*" + module + "gateway.Fields).Bool":
		if name := text(f.info, call.Args[0]); name != "" {
			f.fields = append(f.fields, name)
		} else {
			f.named = parameterIndex(f.info, in, call.Args[0])
		}
	case "(*" + module + "gateway.Fields).Members":
		f.fields = append(f.fields, anyMember)
	case "(*" + module + "gateway.Request).Header":
		f.headers = append(f.headers, text(f.info, call.Args[0]))
	case "(net/url.Values).Get":
		if values, ok := selector.X.(*ast.SelectorExpr); ok && values.Sel.Name == "Query" {
			f.query = append(f.query, text(f.info, call.Args[0]))
		}
	case "(*" + module + "problem.Problem).New", "(*" + module + "problem.Problem).On":
		if declared, ok := selector.X.(*ast.SelectorExpr); ok {
			f.problems = append(f.problems, s.problems[f.info.Uses[declared.Sel]])
		}
	}
}

// anyMember stands for members that the caller names.
const anyMember = "*"

// text is the constant value of an expression, or "".
func text(info *types.Info, e ast.Expr) string {
	if value := info.Types[e].Value; value != nil && value.Kind() == constant.String {
		return constant.StringVal(value)
	}
	return ""
}

func parameterIndex(info *types.Info, in *types.Func, e ast.Expr) int {
	name, ok := e.(*ast.Ident)
	if !ok {
		return -1
	}
	parameters := in.Signature().Params()
	for i := range parameters.Len() {
		if parameters.At(i) == info.Uses[name] {
			return i
		}
	}
	return -1
}

// addProblems reads declarations such as X = define(422, "code", "…").
func (s *source) addProblems(info *types.Info, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 {
			continue
		}
		call, ok := v.Values[0].(*ast.CallExpr)
		if !ok || len(call.Args) != 3 {
			continue
		}
		if name, ok := call.Fun.(*ast.Ident); ok && name.Name == "define" {
			s.problems[info.Defs[v.Names[0]]] = text(info, call.Args[1])
		}
	}
}
