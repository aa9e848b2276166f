/** Where forge itself asks for a session's credentials, and what it shows there. */
export const socketVariable = 'FORGE_BREAKGLASS_SOCKET';
export const keyVariable = 'FORGE_BREAKGLASS_KEY';
