/** Svelte 5 with runes everywhere; what the compiler warns of is an error in `npm test`. */
export default {
  compilerOptions: { runes: true },
};
