// What runs where the SDK is: in a page, whither only text goes, or in a worker of Node.

/** Has the SDK do step(clerk, argument), and makes plain data of what that yields: {value}, or {refused} with the errors as the SDK shows them. */
export async function perform(clerk, step, argument) {
  const plain = (value) => {
    if (value?.missingFields && value.verifications) {
      const { id, status, missingFields, unverifiedFields, emailAddress, hasPassword, unsafeMetadata, createdSessionId, createdUserId } = value;
      const proof = value.verifications.emailAddress;
      const verification = { status: proof.status, strategy: proof.strategy, sameClient: proof.verifiedFromTheSameClient() };
      return { id, status, missingFields, unverifiedFields, emailAddress, hasPassword, unsafeMetadata, createdSessionId, createdUserId, verification };
    }
    return value === undefined ? null : JSON.parse(JSON.stringify(value));
  };
  try {
    return { value: plain(await step(clerk, argument)) };
  } catch (error) {
    const errors = error.errors?.map(({ code, longMessage, meta }) => ({ code, longMessage, param: meta?.paramName }));
    return { refused: { message: `${error.stack ?? error}`, status: error.status, errors } };
  }
}
