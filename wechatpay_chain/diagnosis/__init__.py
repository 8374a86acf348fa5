"""Why something doesn't fit, how sure that is, and what to do about it.

Pure checks, without I/O and clock. The errors of client and webhook, the emulator's page and the commands `doctor` and
`verify` all use them, so that a mistake has the same name everywhere. Each check returns `errors.Cause`s, the surest
first; an error has them as `error.causes`.

    body        the bytes aren't those that were signed: written again, wrapped, cut off, in another charset
                (`body_changes` undoes what may have happened, `envelope` knows how the platform writes one)
    headers     the signature's headers came under other names, or with values that something rewrote
    signature   a key that is not the platform's, another merchant's, or under a wrong name; clocks
    refusal     what the platform's refusals of keys, signatures and addresses mean
    field       the field that a refusal names: whether it was sent
    answer      what answered isn't the platform: a proxy, a login page, an inspected connection
    request     the merchant signed another text than that of his request, as the emulator finds out
"""
