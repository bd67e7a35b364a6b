// The real @clerk/clerk-js goes through a whole sign-up in native mode: its own
// objects say what the server has said. API_URL and INBOX_URL name the stack.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Clerk } from '@clerk/clerk-js/no-rhc';

const { API_URL, INBOX_URL } = process.env;
// A publishable key only has to name a host with a dot: with proxyUrl it is never asked.
const key = 'pk_live_' + Buffer.from('fapi.example.test$').toString('base64');

// open loads an SDK that keeps its client token as a native app does.
async function open() {
  const clerk = new Clerk(key, { proxyUrl: API_URL });
  let token = '';
  clerk.__internal_onBeforeRequest(async request => {
    request.credentials = 'omit';
    request.url.searchParams.append('_is_native', '1');
    request.headers.set('authorization', token);
  });
  clerk.__internal_onAfterResponse(async (_, response) => {
    token = response.headers.get('authorization') ?? token;
  });
  await clerk.load({ standardBrowser: false, telemetry: false });
  return clerk;
}

// mailedCode waits for the mail to address and returns the code in it.
async function mailedCode(address) {
  for (let tries = 0; tries < 50; tries++) {
    const { emails } = await (await fetch(`${INBOX_URL}/store`)).json();
    const mail = emails.findLast(({ destination }) => destination.to.includes(address));
    if (mail) return mail.body.text.match(/^\d{6}$/m)[0];
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  throw new Error(`no mail to ${address}`);
}

test('create, update, prepare, attempt, complete', async () => {
  const clerk = await open();
  const emailAddress = `ada.${process.pid}@example.test`;
  let signUp = await clerk.client.signUp.create({ emailAddress, firstName: 'Ada', unsafeMetadata: { plan: 'free' } });
  assert.equal(signUp.status, 'missing_requirements');
  assert.deepEqual(signUp.missingFields, ['password']);
  assert.deepEqual(signUp.unverifiedFields, ['email_address']);
  assert.deepEqual(signUp.unsafeMetadata, { plan: 'free' });

  signUp = await signUp.update({ password: 'correct horse battery staple' });
  assert.deepEqual(signUp.missingFields, []);
  assert.equal(signUp.hasPassword, true);

  signUp = await signUp.prepareEmailAddressVerification({ strategy: 'email_code' });
  assert.equal(signUp.verifications.emailAddress.status, 'unverified');
  assert.equal(signUp.verifications.emailAddress.strategy, 'email_code');

  const code = await mailedCode(emailAddress);
  const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, '0');
  await assert.rejects(signUp.attemptEmailAddressVerification({ code: wrong }), error => {
    assert.equal(error.status, 422);
    assert.equal(error.errors[0].code, 'form_code_incorrect');
    assert.equal(error.errors[0].meta.paramName, 'code');
    return true;
  });

  signUp = await signUp.attemptEmailAddressVerification({ code });
  assert.equal(signUp.status, 'complete');
  assert.ok(signUp.createdUserId);
  assert.equal(clerk.client.lastActiveSessionId, signUp.createdSessionId);
  const session = clerk.client.sessions.find(({ id }) => id === signUp.createdSessionId);
  assert.equal(session.user.id, signUp.createdUserId);
  assert.equal(session.user.firstName, 'Ada');
  assert.equal(session.user.primaryEmailAddress.emailAddress, emailAddress);
  assert.equal(session.user.primaryEmailAddress.verification.status, 'verified');
});

test('a taken address is an error of its field', async () => {
  const first = await open();
  const emailAddress = `grace.${process.pid}@example.test`;
  let signUp = await first.client.signUp.create({ emailAddress, password: 'correct horse battery staple' });
  signUp = await signUp.prepareEmailAddressVerification({ strategy: 'email_code' });
  await signUp.attemptEmailAddressVerification({ code: await mailedCode(emailAddress) });

  const second = await open();
  await assert.rejects(second.client.signUp.create({ emailAddress: emailAddress.toUpperCase() }), error => {
    assert.equal(error.errors[0].code, 'form_identifier_exists');
    assert.equal(error.errors[0].meta.paramName, 'email_address');
    return true;
  });
});

