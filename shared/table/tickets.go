package table

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/doorstep-auth/doorstep/shared/signup"
)

// Ticket implements signup.Store.
func (t *Table) Ticket(ctx context.Context, hash string) (*signup.Ticket, *signup.User, error) {
	out, err := t.api.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &t.name, Key: ticketKey(hash).attributes(), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, nil, failed("read ticket", err)
	}
	if out.Item == nil {
		return nil, nil, signup.ErrNoUser
	}
	var item ticketItem
	if err := unmarshal(out.Item, &item, &item.head, "ticket"); err != nil {
		return nil, nil, err
	}
	ticket := &signup.Ticket{Hash: hash, User: idOf(item.Owner), ExpiresAt: fromMillis(item.Expires)}
	user, err := t.User(ctx, ticket.User)
	return ticket, user, err
}

func newTicket(ticket *signup.Ticket) ticketItem {
	return ticketItem{
		head: ticketKey(ticket.Hash).head("ticket"), Owner: ticket.User[:], Expires: millis(ticket.ExpiresAt), TTL: ttl(ticket.ExpiresAt),
	}
}
