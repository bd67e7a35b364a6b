package lambdahost

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// runtimeAPI is the Lambda Runtime API, version 2018-06-01, for one environment.
func (e *environment) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", e.handleNext)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", e.handleResponse)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", e.handleError)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", e.handleInitError)
	return mux
}

func (e *environment) handleNext(w http.ResponseWriter, r *http.Request) {
	select {
	case e.ready <- struct{}{}:
	default:
	}
	select {
	case inv := <-e.next:
		o := e.options
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:"+o.Region+":"+o.AccountID+":function:"+o.Name)
		if inv.traceID != "" {
			h.Set("Lambda-Runtime-Trace-Id", inv.traceID)
		}
		_, _ = w.Write(inv.payload)
	case <-r.Context().Done():
	case <-e.ended:
	}
}

func (e *environment) handleResponse(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxPayload))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		e.reply(w, r, reply{err: &FunctionError{Type: "Function.ResponseSizeTooLarge", Message: "answer over 6 MB"}}, http.StatusRequestEntityTooLarge)
		return
	}
	e.reply(w, r, reply{payload: body, err: err}, http.StatusAccepted)
}

func (e *environment) handleError(w http.ResponseWriter, r *http.Request) {
	e.reply(w, r, reply{err: readError(r.Body)}, http.StatusAccepted)
}

// reply passes the program's answer on to the invocation that it names, which must be the one in work.
func (e *environment) reply(w http.ResponseWriter, r *http.Request, answer reply, status int) {
	e.mu.Lock()
	current := e.current
	e.mu.Unlock()
	if current == nil || current.id != r.PathValue("id") {
		http.Error(w, `{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}`, http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
	select {
	case current.answer <- answer:
	default: // it has answered before
	}
}

func (e *environment) handleInitError(w http.ResponseWriter, r *http.Request) {
	select {
	case e.fault <- readError(r.Body).Message:
	default:
	}
	w.WriteHeader(http.StatusAccepted)
}

func readError(body io.Reader) *FunctionError {
	text, _ := io.ReadAll(io.LimitReader(body, MaxPayload))
	fault := &FunctionError{}
	if json.Unmarshal(text, fault) != nil || fault.Message == "" {
		fault.Message = string(text)
	}
	if fault.Type == "" {
		fault.Type = "Unhandled"
	}
	return fault
}
