package problem

// Input faults (HTTP 422 unless noted). Codes are those of the Clerk wire
// (protocols: error table); other wires translate them.
var (
	ParamMissing       = define(422, "form_param_missing", "{param} must be included.")
	ParamNil           = define(422, "form_param_nil", "Enter {param}.")
	ParamDuplicate     = define(422, "form_param_duplicate", "{param} is included more than once.")
	ParamTypeInvalid   = define(422, "form_param_type_invalid", "{param} has the wrong type. {detail}")
	ParamFormatInvalid = define(422, "form_param_format_invalid", "{param} is not valid. {detail}")
	ParamValueInvalid  = define(422, "form_param_value_invalid", "{param} has a value that isn't accepted here. {detail}")
	ParamValueDisabled = define(400, "form_param_value_disabled", "{param} is not enabled here.")
	ParamTooLong       = define(422, "form_param_max_length_exceeded", "{param} is too long. {detail}")
	ParamTooLarge      = define(422, "form_param_exceeds_allowed_size", "{param} is too large. {detail}")
	IdentifierExists   = define(422, "form_identifier_exists", "That {param} is taken. Please try another.")
	UsernameLength     = define(422, "form_username_invalid_length", "The username must have between {detail} characters.")
	UsernameCharacter  = define(422, "form_username_invalid_character", "The username has a character that isn't accepted. {detail}")
	UsernameNumeric    = define(422, "form_username_needs_non_number_char", "The username needs a character that isn't a digit.")
	UsernamePhone      = define(422, "form_username_cannot_be_phone_number", "The username can't be a phone number.")
	UsernameReserved   = define(422, "form_username_reserved", "That username can't be used. Please try another.")
	PasswordTooShort   = define(422, "form_password_length_too_short", "The password must have {detail} or more characters.")
	PasswordTooLong    = define(422, "form_password_length_too_long", "The password must have at most {detail} characters.")
	PasswordPwned      = define(422, "form_password_pwned", "That password is on lists of known passwords. Please use another one.")
	PasswordContext    = define(422, "form_password_matches_identifier", "That password is too close to your own details or the application's name. Please use another one.")
	PasswordUnchecked  = define(422, "form_password_validation_failed", "The password could not be checked right now. Please try again in a moment.")
	LegalNotAccepted   = define(422, "legal_not_accepted", "The legal terms must be accepted.")
	CodeIncorrect      = define(422, "form_code_incorrect", "Incorrect code.")
)

// Verification faults.
var (
	VerificationMissing         = define(400, "verification_missing", "There is nothing to verify: no {param} has been supplied.")
	VerificationNotSent         = define(400, "verification_not_sent", "Send a verification code before trying one.")
	VerificationStrategyInvalid = define(400, "verification_strategy_invalid", "The verification was prepared with another strategy.")
	VerificationExpired         = define(400, "verification_expired", "The code has expired. Ask for a new one.")
	VerificationFailed          = define(400, "verification_failed", "Too many wrong codes. Ask for a new one.")
	VerificationAlreadyVerified = define(400, "verification_already_verified", "This has already been verified.")
	MailRefused                 = define(400, "verification_mail_refused", "The mail could not be delivered. {detail}")
	VerificationTooSoon         = define(429, "verification_code_too_many_requests", "A code was sent a moment ago. Wait {detail} seconds before asking for another.")
)

// Sign-up, client and transport faults.
var (
	ResourceNotFound    = define(404, "resource_not_found", "{detail}")
	SignUpNotUpdatable  = define(400, "sign_up_cannot_be_updated", "This sign-up is {detail} and can't be changed. Begin a new one.")
	SessionExists       = define(400, "session_exists", "You are already signed in.")
	NativeDisabled      = define(400, "native_api_disabled", "Native clients are not enabled here.")
	OriginInvalid       = define(400, "origin_invalid", "Requests from this origin are not allowed.")
	OriginAuthorization = define(400, "origin_authorization_headers_conflict", "A request can't carry both Origin and Authorization.")
	BodyInvalid         = define(400, "request_body_invalid", "The request body could not be read. {detail}")
	ParametersMalformed = define(400, "malformed_request_parameters", "The query could not be read. {detail}")
	BodyTooLarge        = define(413, "request_body_too_large", "The request body is larger than {detail} bytes.")
	ContentType         = define(415, "unsupported_content_type", "The content type must be application/x-www-form-urlencoded or application/json.")
	TooManyChanges      = define(409, "resource_locked", "This sign-up is being changed by other requests. Try again.")
	Unavailable         = define(503, "service_unavailable", "The service is busy. Try again in a moment.")
	Internal            = define(500, "internal_error", "Something went wrong on our side. The request id helps support to find it.")
)
