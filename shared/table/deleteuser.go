package table

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/doorstep-auth/doorstep/shared/signup"
)

// mostWrites is how many writes a transaction holds.
const mostWrites = 100

// DeleteUser implements signup.Store. Sessions and keys go in one transaction with the
// user and its identifiers; if they are too many for one, the surplus goes before. So
// nothing of a user who is no more is left behind, whatever is cut off.
func (t *Table) DeleteUser(ctx context.Context, u *signup.User) error {
	beside, err := t.besideUser(ctx, u.ID)
	if err != nil {
		return failed("read what lies beside the user", err)
	}
	own := t.deleteUserItems(u)
	for room := mostWrites - len(own); len(beside) > room; {
		surplus := min(mostWrites, len(beside)-room)
		if err := t.transact(ctx, beside[:surplus]); err != nil {
			return failed("delete what lies beside the user", err)
		}
		beside = beside[surplus:]
	}
	return t.change(ctx, "delete user", append(own, beside...))
}

// deleteUserItems deletes the user as it was read, with its identifiers and metadata.
func (t *Table) deleteUserItems(u *signup.User) []types.TransactWriteItem {
	writes := []types.TransactWriteItem{{Delete: &types.Delete{
		TableName: &t.name, Key: userKey(u.ID).attributes(), ConditionExpression: text(isUnchanged),
		ExpressionAttributeValues: values{":revision": number(u.Revision)},
	}}}
	for _, id := range u.Identifiers() {
		writes = append(writes, types.TransactWriteItem{Delete: &types.Delete{
			TableName: &t.name, Key: claimKey(id).attributes(), ConditionExpression: text(isOwn),
			ExpressionAttributeValues: values{":me": raw(u.ID[:])},
		}})
	}
	if ref := u.Unsafe.Ref; !ref.IsZero() {
		writes = append(writes, types.TransactWriteItem{Delete: &types.Delete{TableName: &t.name, Key: metadataKey(ref).attributes()}})
	}
	return writes
}

// besideUser deletes whatever else lies in the user's partition.
func (t *Table) besideUser(ctx context.Context, user signup.ID) (writes []types.TransactWriteItem, err error) {
	items, err := t.partition(ctx, userKey(user))
	for at := range items {
		if at != userKey(user) {
			writes = append(writes, types.TransactWriteItem{Delete: &types.Delete{TableName: &t.name, Key: at.attributes()}})
		}
	}
	return writes, err
}
