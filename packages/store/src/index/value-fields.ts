/** Field numbers of the value arms that text search covers. */
export const VALUE_FIELDS = { text: 4, string: 5 } as const;
