package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/lambdahost"
	"github.com/doorstep-auth/doorstep/local/template"
)

// startSchedules invokes the served functions that have a schedule, each as often as its schedule says.
func (s *Stack) startSchedules() {
	s.unschedule = make(chan struct{})
	for _, f := range s.Template.Functions {
		function, served := s.functions[f.Path]
		if !served {
			continue
		}
		for _, schedule := range f.Schedules {
			if s.options.ScheduleEvery != 0 {
				schedule.Every = s.options.ScheduleEvery
			}
			s.scheduled.Go(func() { s.follow(function, f, schedule) })
		}
	}
}

// follow invokes the function until the stack is stopped. One invocation ends before the next begins.
func (s *Stack) follow(function *lambdahost.Function, f template.Function, schedule template.Schedule) {
	ticker := time.NewTicker(schedule.Every)
	defer ticker.Stop()
	for {
		select {
		case <-s.unschedule:
			return
		case now := <-ticker.C:
			_, err := function.Invoke(context.Background(), scheduledEvent(f, schedule, now), "")
			if err != nil && s.options.OnTrouble != nil {
				s.options.OnTrouble(fmt.Errorf("%s on its schedule %s: %w", f.Path, schedule.Event, err))
			}
		}
	}
}

// scheduledEvent is what EventBridge sends.
func scheduledEvent(f template.Function, schedule template.Schedule, now time.Time) []byte {
	event, _ := json.Marshal(map[string]any{ // texts only
		"version": "0", "id": fmt.Sprintf("00000000-0000-4000-8000-%012x", now.UnixMilli()), "detail-type": "Scheduled Event", "source": "aws.events",
		"account": engine.AccountID, "time": now.UTC().Format(time.RFC3339), "region": engine.Region, "detail": map[string]any{},
		"resources": []string{fmt.Sprintf("arn:aws:events:%s:%s:rule/doorstep-%s%s", engine.Region, engine.AccountID, f.LogicalID, schedule.Event)},
	})
	return event
}

// stopSchedules has no further invocation begin, and waits for those in work as long as they may take.
func (s *Stack) stopSchedules(ctx context.Context) {
	if s.unschedule == nil {
		return
	}
	s.unscheduleOnce.Do(func() { close(s.unschedule) })
	done := make(chan struct{})
	go func() { s.scheduled.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
}
